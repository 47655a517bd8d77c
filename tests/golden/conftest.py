"""Makes record.py and compare.py importable, and takes the fixtures' checks from the functional tests."""
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "functional")]
