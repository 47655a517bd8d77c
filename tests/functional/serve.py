#!/usr/bin/env python3
"""Starts a server, initialised and unsealed, runs a command against it and stops it; the exit status is the command's.

usage: serve.py [--storage inmem|rocksdb] [--audit] -- COMMAND...
The command sees VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT, UNSEAL_KEY, COFFER_BINARY, COFFER_PID and COFFER_DIR.
"""
import argparse
import os
import shutil
import subprocess
import sys

from harness import BINARY, Server


def main():
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--storage", default="inmem")
    parser.add_argument("--audit", action="store_true")
    options = parser.parse_args(sys.argv[1:split])
    server = Server(storage=options.storage)
    try:
        server.start()
        if options.audit:
            server.enable_audit()
        env = dict(os.environ, VAULT_ADDR=server.address, VAULT_TOKEN=server.root_token, VAULT_CACERT=server.cafile, UNSEAL_KEY=server.keys[0],
                   COFFER_BINARY=BINARY, COFFER_PID=str(server.process.pid), COFFER_DIR=server.folder, NODE_EXTRA_CA_CERTS=server.cafile)
        status = subprocess.run(sys.argv[split + 1 :], env=env, check=False).returncode
        if not server.running():
            print(f"the server ended during the run: {server.log()[-2000:]}", file=sys.stderr)
            status = status or 1
        sys.exit(status)
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
