package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/hashicorp/vault/api"
)

const azureSuffix = "vault.localhost"

// Vaults are hosts below the suffix; all of them are this machine.
func azureTransport(t *testing.T) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must[[]byte](t)(os.ReadFile(os.Getenv("VAULT_CACERT"))))
	dialer := net.Dialer{Timeout: 30 * time.Second}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, _ := net.SplitHostPort(address)
			if strings.HasSuffix(host, "."+azureSuffix) {
				host = "127.0.0.1"
			}
			return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
		},
	}}
}

// Azure's SDK for Go, with its check of the challenge's resource on, as an application that may all; and where its vault stands.
func azureClient(t *testing.T) (*azsecrets.Client, string, func() string) {
	t.Helper()
	vault := connect(t)
	mounts := must[map[string]*api.MountOutput](t)(vault.Sys().ListMounts())
	if mounts["go/"] == nil {
		check(t, vault.Sys().Mount("go", &api.MountInput{Type: "kv", Options: map[string]string{"version": "2"}}))
	}
	logins := must[map[string]*api.AuthMount](t)(vault.Sys().ListAuth())
	if logins["approle/"] == nil {
		check(t, vault.Sys().EnableAuthWithOptions("approle", &api.EnableAuthOptions{Type: "approle"}))
	}
	check(t, vault.Sys().PutPolicy("azure-all", `path "*" { capabilities = ["create", "read", "update", "delete", "list"] }`))
	if _, err := vault.Logical().Write("auth/approle/role/go", map[string]any{"token_policies": "azure-all", "token_ttl": "1h"}); err != nil {
		t.Fatal(err)
	}
	id := must[*api.Secret](t)(vault.Logical().Read("auth/approle/role/go/role-id")).Data["role_id"].(string)
	secret := must[*api.Secret](t)(vault.Logical().Write("auth/approle/role/go/secret-id", nil)).Data["secret_id"].(string)
	address := must[*url.URL](t)(url.Parse(os.Getenv("VAULT_ADDR")))
	options := policy.ClientOptions{Transport: azureTransport(t), Retry: policy.RetryOptions{MaxRetries: -1}}
	at := options
	at.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: "https://login." + azureSuffix + ":" + address.Port()}
	credential := must[*azidentity.ClientSecretCredential](t)(azidentity.NewClientSecretCredential("adfs", id, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: at}))
	base := "https://go." + azureSuffix + ":" + address.Port()
	token := func() string {
		return must[azcore.AccessToken](t)(credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://" + azureSuffix + ":" + address.Port() + "/.default"}})).Token
	}
	return must[*azsecrets.Client](t)(azsecrets.NewClient(base, credential, &azsecrets.ClientOptions{ClientOptions: options})), base, token
}

// Status, code and inner code of a refusal.
func azureRefusal(t *testing.T, err error) (int, string, string) {
	t.Helper()
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		t.Fatal("no refusal: ", err)
	}
	var body struct {
		Error struct {
			Innererror struct{ Code string }
		}
	}
	check(t, json.NewDecoder(answer.RawResponse.Body).Decode(&body))
	return answer.StatusCode, answer.ErrorCode, body.Error.Innererror.Code
}

func pointer[T any](value T) *T { return &value }

func TestAzureSecret(t *testing.T) {
	client, base, _ := azureClient(t)
	ctx := context.Background()
	made := must[azsecrets.SetSecretResponse](t)(client.SetSecret(ctx, "app", azsecrets.SetSecretParameters{Value: pointer("one"), ContentType: pointer("text/plain"), Tags: map[string]*string{"a": pointer("1")},
		SecretAttributes: &azsecrets.SecretAttributes{NotBefore: pointer(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))}}, nil))
	if string(*made.ID) != base+"/secrets/app/"+made.ID.Version() || *made.Attributes.RecoveryLevel != "Recoverable+Purgeable" {
		t.Fatal(*made.ID, *made.Attributes.RecoveryLevel)
	}
	got := must[azsecrets.GetSecretResponse](t)(client.GetSecret(ctx, "app", "", nil))
	if *got.Value != "one" || *got.Tags["a"] != "1" || got.Attributes.NotBefore.Year() != 2030 {
		t.Fatal(got)
	}
	must[azsecrets.UpdateSecretPropertiesResponse](t)(client.UpdateSecretProperties(ctx, "app", made.ID.Version(), azsecrets.UpdateSecretPropertiesParameters{SecretAttributes: &azsecrets.SecretAttributes{Enabled: pointer(false)}}, nil))
	_, err := client.GetSecret(ctx, "app", "", nil)
	if status, code, inner := azureRefusal(t, err); status != 403 || code != "Forbidden" || inner != "SecretDisabled" {
		t.Fatal(status, code, inner)
	}
	must[azsecrets.SetSecretResponse](t)(client.SetSecret(ctx, "app", azsecrets.SetSecretParameters{Value: pointer("two")}, nil))
	versions := 0
	for pager := client.NewListSecretPropertiesVersionsPager("app", nil); pager.More(); {
		versions += len(must[azsecrets.ListSecretPropertiesVersionsResponse](t)(pager.NextPage(ctx)).Value)
	}
	if versions < 2 {
		t.Fatal(versions)
	}
}

func TestAzureDeletion(t *testing.T) {
	client, base, _ := azureClient(t)
	ctx := context.Background()
	made := must[azsecrets.SetSecretResponse](t)(client.SetSecret(ctx, "gone", azsecrets.SetSecretParameters{Value: pointer("x")}, nil))
	backup := must[azsecrets.BackupSecretResponse](t)(client.BackupSecret(ctx, "gone", nil))
	deleted := must[azsecrets.DeleteSecretResponse](t)(client.DeleteSecret(ctx, "gone", nil))
	if *deleted.RecoveryID != base+"/deletedsecrets/gone" {
		t.Fatal(*deleted.RecoveryID)
	}
	_, err := client.SetSecret(ctx, "gone", azsecrets.SetSecretParameters{Value: pointer("y")}, nil)
	if status, code, inner := azureRefusal(t, err); status != 409 || code != "Conflict" || inner != "ObjectIsDeletedButRecoverable" {
		t.Fatal(status, code, inner)
	}
	must[azsecrets.GetDeletedSecretResponse](t)(client.GetDeletedSecret(ctx, "gone", nil))
	recovered := must[azsecrets.RecoverDeletedSecretResponse](t)(client.RecoverDeletedSecret(ctx, "gone", nil))
	if !recovered.Attributes.Updated.Equal(*made.Attributes.Updated) || *recovered.ID != *made.ID {
		t.Fatal(recovered)
	}
	must[azsecrets.DeleteSecretResponse](t)(client.DeleteSecret(ctx, "gone", nil))
	must[azsecrets.PurgeDeletedSecretResponse](t)(client.PurgeDeletedSecret(ctx, "gone", nil))
	restored := must[azsecrets.RestoreSecretResponse](t)(client.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: backup.Value}, nil))
	if *restored.ID != *made.ID {
		t.Fatal(*restored.ID)
	}
	_, err = client.GetSecret(ctx, "none", "", nil)
	if status, code, _ := azureRefusal(t, err); status != 404 || code != "SecretNotFound" {
		t.Fatal(status, code)
	}
}

// A client whose token was revoked is challenged so that it fetches another.
func TestAzureRevocation(t *testing.T) {
	client, _, token := azureClient(t)
	ctx := context.Background()
	must[azsecrets.SetSecretResponse](t)(client.SetSecret(ctx, "kept", azsecrets.SetSecretParameters{Value: pointer("x")}, nil))
	check(t, connect(t).Auth().Token().RevokeTree(token()))
	got := must[azsecrets.GetSecretResponse](t)(client.GetSecret(ctx, "kept", "", nil))
	if *got.Value != "x" {
		t.Fatal(*got.Value)
	}
}
