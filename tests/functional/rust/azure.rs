//! Azure's SDK for Rust, with its check of the challenge's resource on. Vaults are hosts below vault.localhost; all of them are this machine.
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_core::time::{Duration, OffsetDateTime};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions};
use azure_security_keyvault_secrets::models::{
    DeletionRecoveryLevel, RestoreSecretParameters, Secret, SecretAttributes, SecretClientGetSecretOptions, SecretClientListSecretPropertiesOptions,
    SecretClientUpdateSecretPropertiesOptions, SetSecretParameters, UpdateSecretPropertiesParameters,
};
use azure_security_keyvault_secrets::{ResourceExt, SecretClient, SecretClientOptions};
use client_tests::{coffer, variable};
use futures::TryStreamExt;

const TENANT: &str = "11111111-1111-1111-1111-111111111111";

/// Client id and client secret of an application with these policies.
fn application(name: &str, policies: &str) -> (String, String) {
    coffer(&["write", &format!("auth/approle/role/{name}"), &format!("token_policies={policies}"), "token_no_default_policy=true", "token_ttl=1h"]);
    let text = |answer: serde_json::Value, field: &str| answer["data"][field].as_str().unwrap().to_string();
    let id = coffer(&["read", &format!("auth/approle/role/{name}/role-id")]).expect("a role id");
    let secret = coffer(&["write", "-f", &format!("auth/approle/role/{name}/secret-id")]).expect("a secret id");
    (text(id, "role_id"), text(secret, "secret_id"))
}

/// The application that may all. The vaults `rust` and `rust2` stand when it is known.
fn everything() -> (String, String) {
    static MADE: OnceLock<(String, String)> = OnceLock::new();
    MADE.get_or_init(|| {
        rustls::crypto::ring::default_provider().install_default().expect("no other choice was made");
        for vault in ["rust", "rust2"] {
            coffer(&["secrets", "enable", "-version=2", &format!("-path={vault}"), "kv"]);
        }
        coffer(&["auth", "enable", "approle"]);
        let rules = std::path::Path::new(&variable("COFFER_DIR")).join("rust-azure.hcl");
        std::fs::write(&rules, r#"path "*" { capabilities = ["create", "read", "update", "delete", "list"] }"#).unwrap();
        coffer(&["policy", "write", "rust-azure", rules.to_str().unwrap()]);
        application("rust-azure", "rust-azure")
    })
    .clone()
}

fn host(name: &str) -> String {
    let port = variable("VAULT_ADDR").rsplit(':').next().unwrap().to_string();
    format!("{name}.vault.localhost:{port}")
}

/// What is changed for clients and credentials: whom to trust, where the hosts are, whose authority it is. Nothing is tried twice.
fn options() -> ClientOptions {
    let pem = std::fs::read(variable("VAULT_CACERT")).unwrap();
    let mut http = reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]).redirect(reqwest::redirect::Policy::none()).no_proxy();
    for name in ["rust", "rust2", "none", "login"] {
        http = http.resolve(&format!("{name}.vault.localhost"), ([127, 0, 0, 1], 0).into());
    }
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = format!("https://{}", host("login"));
    ClientOptions {
        transport: Some(Transport::new(Arc::new(http.build().unwrap()))),
        retry: RetryOptions::none(),
        cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
        ..Default::default()
    }
}

fn by_secret(tenant: &str, (id, secret): (String, String)) -> Arc<ClientSecretCredential> {
    ClientSecretCredential::new(tenant, id, secret.into(), Some(ClientSecretCredentialOptions { client_options: options() })).unwrap()
}

fn client_as(credential: Arc<dyn TokenCredential>, vault: &str) -> SecretClient {
    let options = SecretClientOptions { client_options: options(), ..Default::default() };
    SecretClient::new(&format!("https://{}", host(vault)), credential, Some(options)).unwrap()
}

/// A client with nothing changed but authority, trust and the hosts' address.
fn client() -> SecretClient {
    let application = everything();
    client_as(by_secret(TENANT, application), "rust")
}

/// Status, code and inner code of a refusal.
fn refusal<T>(result: azure_core::Result<T>) -> (u16, String, String) {
    let Err(error) = result else { panic!("it was not refused") };
    let ErrorKind::HttpResponse { status, error_code, raw_response } = error.kind() else { panic!("{error:?}") };
    let body: serde_json::Value = raw_response.as_ref().expect("a body").body().json().expect("JSON");
    let code = error_code.clone().unwrap_or_default();
    assert_eq!(body["error"]["code"], code.as_str(), "{body}");
    (u16::from(*status), code, body["error"]["innererror"]["code"].as_str().unwrap_or_default().to_string())
}

fn told(status: u16, code: &str, inner: &str) -> (u16, String, String) {
    (status, code.to_string(), inner.to_string())
}

async fn set(client: &SecretClient, name: &str, value: &str) -> azure_core::Result<Secret> {
    let parameters = SetSecretParameters { value: Some(value.into()), ..Default::default() };
    client.set_secret(name, parameters.try_into()?, None).await?.into_model()
}

async fn get(client: &SecretClient, name: &str, version: Option<&str>) -> azure_core::Result<Secret> {
    let options = SecretClientGetSecretOptions { secret_version: version.map(String::from), ..Default::default() };
    client.get_secret(name, Some(options)).await?.into_model()
}

fn version_of(secret: &Secret) -> String {
    secret.resource_id().unwrap().version.expect("a version")
}

#[tokio::test]
async fn a_secret_is_set_read_and_changed() {
    let client = client();
    let until = OffsetDateTime::from_unix_timestamp(2_051_222_400).unwrap();
    let parameters = SetSecretParameters {
        value: Some("one".into()),
        content_type: Some("text/plain".into()),
        tags: Some(HashMap::from([("a".into(), "1".into())])),
        secret_attributes: Some(SecretAttributes { expires: Some(until), not_before: Some(until - Duration::days(1825)), ..Default::default() }),
    };
    let made = client.set_secret("life", parameters.try_into().unwrap(), None).await.unwrap().into_model().unwrap();
    let id = made.resource_id().unwrap();
    assert_eq!((id.vault_url, id.name), (format!("https://{}", host("rust")), "life".to_string()));

    let got = get(&client, "life", None).await.unwrap();
    assert_eq!((got.value.as_deref(), got.content_type.as_deref()), (Some("one"), Some("text/plain")));
    assert_eq!(got.tags, Some(HashMap::from([("a".to_string(), "1".to_string())])));
    let attributes = got.attributes.unwrap();
    assert_eq!((attributes.expires, attributes.not_before, attributes.enabled), (Some(until), Some(until - Duration::days(1825)), Some(true)));
    assert_eq!((attributes.recovery_level, attributes.recoverable_days), (Some(DeletionRecoveryLevel::RecoverablePurgeable), Some(90)));
    assert!(attributes.created.is_some() && attributes.created == attributes.updated);

    set(&client, "life", "").await.unwrap();
    assert_eq!(get(&client, "life", None).await.unwrap().value.as_deref(), Some(""));
    assert_eq!(get(&client, "life", Some(&version_of(&made))).await.unwrap().value.as_deref(), Some("one"));

    // One version, and then, with none named, the latest.
    let off = UpdateSecretPropertiesParameters {
        secret_attributes: Some(SecretAttributes { enabled: Some(false), ..Default::default() }),
        tags: Some(HashMap::from([("b".into(), "2".into())])),
        ..Default::default()
    };
    let which = SecretClientUpdateSecretPropertiesOptions { secret_version: Some(version_of(&made)), ..Default::default() };
    let changed = client.update_secret_properties("life", off.try_into().unwrap(), Some(which)).await.unwrap().into_model().unwrap();
    assert_eq!((changed.attributes.unwrap().enabled, changed.tags.unwrap()["b"].as_str(), changed.value), (Some(false), "2", None));
    assert_eq!(refusal(get(&client, "life", Some(&version_of(&made))).await), told(403, "Forbidden", "SecretDisabled"));
    let kind = UpdateSecretPropertiesParameters { content_type: Some("x".into()), ..Default::default() };
    client.update_secret_properties("life", kind.try_into().unwrap(), None).await.unwrap();
    assert_eq!(get(&client, "life", None).await.unwrap().content_type.as_deref(), Some("x"));
}

#[tokio::test]
async fn all_pages_of_secrets_and_versions_are_listed() {
    let client = client();
    for i in 0..5 {
        set(&client, &format!("many-{i}"), "x").await.unwrap();
        set(&client, "versions", &i.to_string()).await.unwrap();
    }
    let by_two = SecretClientListSecretPropertiesOptions { maxresults: Some(2), ..Default::default() };
    let listed: Vec<_> = client.list_secret_properties(Some(by_two)).unwrap().try_collect().await.unwrap();
    let names: Vec<_> = listed.iter().map(|s| s.resource_id().unwrap().name).filter(|name| name.starts_with("many-")).collect();
    assert_eq!(names, ["many-0", "many-1", "many-2", "many-3", "many-4"]);
    assert!(listed.iter().all(|s| s.resource_id().unwrap().version.is_none()));
    let mut pages = client.list_secret_properties(Some(SecretClientListSecretPropertiesOptions { maxresults: Some(2), ..Default::default() })).unwrap().into_pages();
    assert_eq!(pages.try_next().await.unwrap().unwrap().into_model().unwrap().value.len(), 2);

    let versions: Vec<_> = client.list_secret_properties_versions("versions", None).unwrap().try_collect().await.unwrap();
    assert_eq!(versions.len(), 5);
    for each in &versions {
        assert!(get(&client, "versions", each.resource_id().unwrap().version.as_deref()).await.is_ok());
    }
}

#[tokio::test]
async fn a_deletion_is_taken_back() {
    let client = client();
    let made = set(&client, "gone", "x").await.unwrap();
    let backup = client.backup_secret("gone", None).await.unwrap().into_model().unwrap().value.expect("a backup");
    let deleted = client.delete_secret("gone", None).await.unwrap().into_model().unwrap();
    assert_eq!(deleted.recovery_id, Some(format!("https://{}/deletedsecrets/gone", host("rust"))));
    assert_eq!(deleted.scheduled_purge_date.unwrap() - deleted.deleted_date.unwrap(), Duration::days(90));
    assert_eq!(refusal(set(&client, "gone", "y").await), told(409, "Conflict", "ObjectIsDeletedButRecoverable"));
    assert_eq!(refusal(get(&client, "gone", None).await), told(404, "SecretNotFound", ""));

    let seen = client.get_deleted_secret("gone", None).await.unwrap().into_model().unwrap();
    assert_eq!((seen.recovery_id, seen.value), (deleted.recovery_id.clone(), None));
    let all: Vec<_> = client.list_deleted_secret_properties(None).unwrap().try_collect().await.unwrap();
    assert!(all.iter().any(|s| s.recovery_id == deleted.recovery_id));

    let recovered = client.recover_deleted_secret("gone", None).await.unwrap().into_model().unwrap();
    assert_eq!(recovered.id, made.id);
    client.delete_secret("gone", None).await.unwrap();
    client.purge_deleted_secret("gone", None).await.unwrap();
    assert_eq!(refusal(client.get_deleted_secret("gone", None).await), told(404, "SecretNotFound", ""));
    let parameters = RestoreSecretParameters { secret_backup: Some(backup) };
    let restored = client.restore_secret(parameters.try_into().unwrap(), None).await.unwrap().into_model().unwrap();
    assert_eq!((restored.id, get(&client, "gone", None).await.unwrap().value.as_deref()), (made.id, Some("x")));
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let client = client();
    assert_eq!(refusal(get(&client, "never", None).await), told(404, "SecretNotFound", ""));
    assert_eq!(refusal(client.purge_deleted_secret("never", None).await), told(404, "SecretNotFound", ""));
    assert_eq!(refusal(set(&client, "a_b", "x").await), told(400, "BadParameter", ""));
    let nowhere = client_as(by_secret(TENANT, everything()), "none");
    assert_eq!(refusal(get(&nowhere, "any", None).await), told(404, "VaultNotFound", ""));
    // One whom the policy lets read in one vault only.
    let rules = std::path::Path::new(&variable("COFFER_DIR")).join("rust-reader.hcl");
    std::fs::write(&rules, r#"path "rust/data/*" { capabilities = ["read"] }"#).unwrap();
    coffer(&["policy", "write", "rust-reader", rules.to_str().unwrap()]);
    let reader = by_secret(TENANT, application("rust-reader", "rust-reader"));
    set(&client, "shown", "x").await.unwrap();
    let limited = client_as(reader.clone(), "rust");
    assert_eq!(get(&limited, "shown", None).await.unwrap().value.as_deref(), Some("x"));
    assert_eq!(refusal(set(&limited, "shown", "y").await), told(403, "Forbidden", "AccessDenied"));
    assert_eq!(refusal(get(&client_as(reader, "rust2"), "shown", None).await), told(403, "Forbidden", "AccessDenied"));
}

/// A token that something else has fetched.
#[derive(Debug)]
struct Given(String);

#[async_trait::async_trait]
impl TokenCredential for Given {
    async fn get_token(&self, _scopes: &[&str], _options: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(self.0.clone(), OffsetDateTime::now_utc() + Duration::hours(1)))
    }
}

#[tokio::test]
async fn tokens_come_by_secret_and_by_identity() {
    set(&client(), "token", "x").await.unwrap();
    std::env::set_var("IDENTITY_ENDPOINT", format!("{}/msi/token", variable("VAULT_ADDR")));
    std::env::set_var("IDENTITY_HEADER", variable("VAULT_TOKEN"));
    let identity = ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions { client_options: options(), ..Default::default() })).unwrap();
    let ways: [Arc<dyn TokenCredential>; 3] = [by_secret("adfs", everything()), identity, Arc::new(Given(variable("VAULT_TOKEN")))];
    for way in ways {
        // The first request of a client is one without a body, to be challenged.
        assert_eq!(set(&client_as(way.clone(), "rust"), "token", "x").await.unwrap().value.as_deref(), Some("x"), "{way:?}");
        assert_eq!(get(&client_as(way.clone(), "rust"), "token", None).await.unwrap().value.as_deref(), Some("x"), "{way:?}");
    }
    // One that was revoked is of no use. This SDK does not look at the claims that the challenge asks for, and keeps it; a fresh credential fetches another.
    let credential = by_secret(TENANT, everything());
    let client = client_as(credential.clone(), "rust");
    get(&client, "token", None).await.unwrap();
    let scope = format!("https://{}/.default", host("rust").split_once('.').unwrap().1);
    let token = credential.get_token(&[&scope], None).await.unwrap().token;
    coffer(&["token", "revoke", token.secret()]).expect("a revocation");
    assert!(get(&client, "token", None).await.is_err());
    assert_eq!(get(&client_as(by_secret(TENANT, everything()), "rust"), "token", None).await.unwrap().value.as_deref(), Some("x"));
    let (id, _) = everything();
    let refused = get(&client_as(by_secret(TENANT, (id, "wrong".into())), "rust"), "token", None).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Credential) && format!("{refused:?}").contains("AADSTS7000215"), "{refused:?}");
    assert_eq!(refusal(get(&client_as(Arc::new(Given("none".into())), "rust"), "token", None).await), told(401, "Unauthorized", ""));
}
