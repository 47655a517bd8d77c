//! The server that tests/functional/serve.py started, asked through its own command line.
use std::process::Command;

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("serve.py starts these tests and gives {name}"))
}

/// Runs `coffer ARGUMENTS -format=json` as root; None where it failed.
pub fn coffer(arguments: &[&str]) -> Option<serde_json::Value> {
    let out = Command::new(variable("COFFER_BINARY")).args(arguments).env("VAULT_FORMAT", "json").output().expect("the command line runs");
    if !out.status.success() {
        return None;
    }
    Some(serde_json::from_slice(&out.stdout).unwrap_or(serde_json::Value::Null))
}
