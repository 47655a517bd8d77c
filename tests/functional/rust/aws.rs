//! AWS's SDK for Rust, with nothing changed but endpoint, authority and keys.
use aws_config::Region;
use aws_sdk_secretsmanager::config::Credentials;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag};
use aws_sdk_secretsmanager::Client;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode, TlsContext, TrustStore};
use client_tests::{coffer, variable};

async fn client_with(id: &str, secret: &str) -> Client {
    let pem = std::fs::read(variable("VAULT_CACERT")).unwrap();
    let trust = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(pem)).build().unwrap();
    let http = aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).tls_context(trust).build_https();
    let config = aws_config::from_env()
        .region(Region::new("us-east-1"))
        .endpoint_url(variable("VAULT_ADDR"))
        .http_client(http)
        .credentials_provider(Credentials::new(id, secret, None, None, "test"))
        .load()
        .await;
    Client::new(&config)
}

/// A client with an access key of a user who may all. What is there already stays.
async fn client() -> Client {
    coffer(&["secrets", "enable", "-version=2", "-path=secret", "kv"]);
    coffer(&["auth", "enable", "aws-keys"]);
    let rules = std::path::Path::new(&variable("COFFER_DIR")).join(format!("rust-{:?}.hcl", std::thread::current().id()));
    std::fs::write(&rules, r#"path "*" { capabilities = ["create", "read", "update", "delete", "list"] }"#).unwrap();
    coffer(&["policy", "write", "rust", rules.to_str().unwrap()]);
    let made = coffer(&["write", "auth/aws-keys/keys", "user=rust", "token_policies=rust"]).expect("a key");
    client_with(made["data"]["access_key_id"].as_str().unwrap(), made["data"]["secret_access_key"].as_str().unwrap()).await
}

#[tokio::test]
async fn a_secret_lives() {
    let client = client().await;
    let name = "rust/life";
    let made = client.create_secret().name(name).secret_string("one").tags(Tag::builder().key("team").value("a").build()).send().await.unwrap();
    let got = client.get_secret_value().secret_id(made.arn().unwrap()).send().await.unwrap();
    assert_eq!((got.secret_string(), got.version_stages()), (Some("one"), &["AWSCURRENT".to_string()][..]));
    assert!(got.created_date().is_some());

    client.put_secret_value().secret_id(name).secret_binary(Blob::new([0u8, 255, 7])).send().await.unwrap();
    let got = client.get_secret_value().secret_id(name).send().await.unwrap();
    assert_eq!(got.secret_binary().unwrap().as_ref(), [0u8, 255, 7]);
    let before = client.get_secret_value().secret_id(name).version_stage("AWSPREVIOUS").send().await.unwrap();
    assert_eq!(before.secret_string(), Some("one"));

    let described = client.describe_secret().secret_id(name).send().await.unwrap();
    assert_eq!(described.version_ids_to_stages().unwrap().len(), 2);
    assert_eq!(described.tags()[0].value(), Some("a"));

    client.delete_secret().secret_id(name).recovery_window_in_days(7).send().await.unwrap();
    let refused = client.get_secret_value().secret_id(name).send().await.unwrap_err().into_service_error();
    assert!(refused.is_invalid_request_exception(), "{refused:?}");
    client.restore_secret().secret_id(name).send().await.unwrap();
    client.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await.unwrap();
    let gone = client.get_secret_value().secret_id(name).send().await.unwrap_err().into_service_error();
    assert!(matches!(gone, GetSecretValueError::ResourceNotFoundException(_)), "{gone:?}");
    assert_eq!(gone.message(), Some("Secrets Manager can't find the specified secret."));
}

#[tokio::test]
async fn labels_move() {
    let client = client().await;
    let name = "rust/labels";
    let first = client.create_secret().name(name).secret_string("1").send().await.unwrap();
    let second = client.put_secret_value().secret_id(name).secret_string("2").version_stages("AWSPENDING").send().await.unwrap();
    assert_eq!(client.get_secret_value().secret_id(name).send().await.unwrap().secret_string(), Some("1"));
    client
        .update_secret_version_stage()
        .secret_id(name)
        .version_stage("AWSCURRENT")
        .move_to_version_id(second.version_id().unwrap())
        .remove_from_version_id(first.version_id().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(client.get_secret_value().secret_id(name).send().await.unwrap().secret_string(), Some("2"));
    client.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await.unwrap();
}

#[tokio::test]
async fn many_are_listed_and_read() {
    let client = client().await;
    for i in 0..5 {
        client.create_secret().name(format!("rust/many/{i}")).secret_string(format!("v{i}")).send().await.unwrap();
    }
    let filter = Filter::builder().key(FilterNameStringType::Name).values("rust/many/").build();
    let mut pages = client.list_secrets().filters(filter).max_results(2).into_paginator().send();
    let (mut names, mut count) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        count += 1;
        names.extend(page.unwrap().secret_list().iter().map(|s| s.name().unwrap().to_string()));
    }
    names.sort();
    assert_eq!((names.len(), count), (5, 3));
    let batch = client.batch_get_secret_value().secret_id_list("rust/many/0").secret_id_list("rust/none").send().await.unwrap();
    assert_eq!(batch.secret_values()[0].secret_string(), Some("v0"));
    assert_eq!(batch.errors()[0].error_code(), Some("ResourceNotFoundException"));
    for name in names {
        client.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await.unwrap();
    }
}

#[tokio::test]
async fn strangers_are_refused() {
    let stranger = client_with("AKIAAAAAAAAAAAAAAAAA", "wrong").await;
    let refused = stranger.list_secrets().send().await.unwrap_err();
    let SdkError::ServiceError(answer) = refused else { panic!("{refused:?}") };
    assert_eq!(answer.err().code(), Some("UnrecognizedClientException"));
}
