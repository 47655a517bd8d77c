// Package client runs HashiCorp's own Go client against a server that serve.py has started (VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT).
package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

func connect(t *testing.T) *api.Client {
	t.Helper()
	if os.Getenv("VAULT_ADDR") == "" {
		t.Fatal("VAULT_ADDR is not set: run this through tests/functional/serve.py")
	}
	client, err := api.NewClient(api.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func as(t *testing.T, client *api.Client, token string) *api.Client {
	t.Helper()
	other, err := client.Clone()
	if err != nil {
		t.Fatal(err)
	}
	other.SetToken(token)
	return other
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, status int, text string) {
	t.Helper()
	var response *api.ResponseError
	if !errors.As(err, &response) || response.StatusCode != status || !strings.Contains(err.Error(), text) {
		t.Fatalf("expected %d %q, got %v", status, text, err)
	}
}

// mount makes a secrets engine of its own for the test.
func mount(t *testing.T, client *api.Client, input *api.MountInput) string {
	t.Helper()
	path := fmt.Sprintf("go-%d", time.Now().UnixNano())
	check(t, client.Sys().Mount(path, input))
	t.Cleanup(func() { _ = client.Sys().Unmount(path) })
	return path
}

func TestProtocolIsHTTP2(t *testing.T) {
	client := connect(t)
	response := must[*api.Response](t)(client.RawRequest(client.NewRequest("GET", "/v1/sys/health"))) //nolint:staticcheck
	defer response.Body.Close()
	if response.ProtoMajor != 2 {
		t.Errorf("HTTP/%d.%d: the client negotiates HTTP/2 by ALPN", response.ProtoMajor, response.ProtoMinor)
	}
}

func TestHealthAndStatus(t *testing.T) {
	client := connect(t)
	health := must[*api.HealthResponse](t)(client.Sys().Health())
	if !health.Initialized || health.Sealed || health.Standby || health.Version != "1.18.5" || health.ReplicationDRMode != "disabled" {
		t.Errorf("%+v", health)
	}
	status := must[*api.SealStatusResponse](t)(client.Sys().SealStatus())
	if status.Type != "shamir" || status.Sealed || status.T != 1 || status.N != 1 || status.ClusterID == "" {
		t.Errorf("%+v", status)
	}
	leader := must[*api.LeaderResponse](t)(client.Sys().Leader())
	if leader.HAEnabled {
		t.Errorf("%+v", leader)
	}
	if !must[bool](t)(client.Sys().InitStatus()) {
		t.Error("not initialised")
	}
	keys := must[*api.KeyStatus](t)(client.Sys().KeyStatus())
	if keys.Term < 1 || keys.InstallTime.IsZero() {
		t.Errorf("%+v", keys)
	}
}

func TestKVv2(t *testing.T) {
	client, ctx := connect(t), context.Background()
	kv := client.KVv2(mount(t, client, &api.MountInput{Type: "kv", Options: map[string]string{"version": "2"}}))
	written := must[*api.KVSecret](t)(kv.Put(ctx, "app/db", map[string]interface{}{"user": "ann", "port": 5432}))
	if written.VersionMetadata.Version != 1 || written.VersionMetadata.CreatedTime.IsZero() {
		t.Errorf("%+v", written.VersionMetadata)
	}
	_, err := kv.Put(ctx, "app/db", map[string]interface{}{"user": "bob"}, api.WithCheckAndSet(0))
	refused(t, err, 400, "check-and-set parameter did not match the current version")
	must[*api.KVSecret](t)(kv.Put(ctx, "app/db", map[string]interface{}{"user": "bob", "port": 1}, api.WithCheckAndSet(1)))
	must[*api.KVSecret](t)(kv.Patch(ctx, "app/db", map[string]interface{}{"port": nil, "new": "x"}))
	must[*api.KVSecret](t)(kv.Patch(ctx, "app/db", map[string]interface{}{"again": "y"}, api.WithMergeMethod(api.KVMergeMethodReadWrite)))
	got := must[*api.KVSecret](t)(kv.Get(ctx, "app/db"))
	if len(got.Data) != 3 || got.Data["user"] != "bob" || got.Data["new"] != "x" || got.VersionMetadata.Version != 4 {
		t.Errorf("%+v", got.Data)
	}
	first := must[*api.KVSecret](t)(kv.GetVersion(ctx, "app/db", 1))
	if first.Data["port"].(json.Number).String() != "5432" {
		t.Errorf("%+v", first.Data)
	}
	versions := must[[]api.KVVersionMetadata](t)(kv.GetVersionsAsList(ctx, "app/db"))
	if len(versions) != 4 {
		t.Errorf("%+v", versions)
	}
	check(t, kv.PutMetadata(ctx, "app/db", api.KVMetadataPutInput{MaxVersions: 5, CustomMetadata: map[string]interface{}{"team": "red"}}))
	check(t, kv.PatchMetadata(ctx, "app/db", api.KVMetadataPatchInput{CustomMetadata: map[string]interface{}{"tier": "1"}}))
	metadata := must[*api.KVMetadata](t)(kv.GetMetadata(ctx, "app/db"))
	if metadata.MaxVersions != 5 || metadata.CustomMetadata["team"] != "red" || metadata.CustomMetadata["tier"] != "1" || metadata.CurrentVersion != 4 {
		t.Errorf("%+v", metadata)
	}
	check(t, kv.Delete(ctx, "app/db"))
	deleted := must[*api.KVSecret](t)(kv.Get(ctx, "app/db"))
	if deleted.Data != nil || deleted.VersionMetadata.DeletionTime.IsZero() {
		t.Errorf("a deleted version comes with its metadata and no data: %+v", deleted)
	}
	check(t, kv.Undelete(ctx, "app/db", []int{4}))
	check(t, kv.DeleteVersions(ctx, "app/db", []int{2}))
	check(t, kv.Destroy(ctx, "app/db", []int{1}))
	must[*api.KVSecret](t)(kv.Rollback(ctx, "app/db", 3))
	check(t, kv.DeleteMetadata(ctx, "app/db"))
	if _, err := kv.Get(ctx, "app/db"); !errors.Is(err, api.ErrSecretNotFound) {
		t.Errorf("%v", err)
	}
}

func TestKVv1(t *testing.T) {
	client, ctx := connect(t), context.Background()
	kv := client.KVv1(mount(t, client, &api.MountInput{Type: "kv", Options: map[string]string{"version": "1"}}))
	check(t, kv.Put(ctx, "a b/c@d", map[string]interface{}{"v": "1"}))
	if got := must[*api.KVSecret](t)(kv.Get(ctx, "a b/c@d")); got.Data["v"] != "1" {
		t.Errorf("%+v", got)
	}
	check(t, kv.Delete(ctx, "a b/c@d"))
}

func TestTokens(t *testing.T) {
	client := connect(t)
	made := must[*api.Secret](t)(client.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"default"}, TTL: "1h", Metadata: map[string]string{"a": "b"}, DisplayName: "go"}))
	own := as(t, client, made.Auth.ClientToken)
	self := must[*api.Secret](t)(own.Auth().Token().LookupSelf())
	if must[string](t)(self.TokenAccessor()) != made.Auth.Accessor || !must[bool](t)(self.TokenIsRenewable()) {
		t.Errorf("%+v", self.Data)
	}
	if ttl := must[time.Duration](t)(self.TokenTTL()); ttl <= 59*time.Minute || ttl > time.Hour {
		t.Error(ttl)
	}
	renewed := must[*api.Secret](t)(own.Auth().Token().RenewSelf(7200))
	if renewed.Auth.LeaseDuration != 7200 {
		t.Error(renewed.Auth.LeaseDuration)
	}
	must[*api.Secret](t)(client.Auth().Token().LookupAccessor(made.Auth.Accessor))
	must[*api.Secret](t)(client.Auth().Token().RenewAccessor(made.Auth.Accessor, 60))
	check(t, client.Auth().Token().RevokeAccessor(made.Auth.Accessor))
	_, err := own.Auth().Token().LookupSelf()
	refused(t, err, 403, "permission denied")
	orphan := must[*api.Secret](t)(client.Auth().Token().CreateOrphan(&api.TokenCreateRequest{Policies: []string{"default"}, TTL: "1h"}))
	if !orphan.Auth.Orphan {
		t.Error("no orphan")
	}
	check(t, client.Auth().Token().RevokeTree(orphan.Auth.ClientToken))
	batch := must[*api.Secret](t)(client.Auth().Token().Create(&api.TokenCreateRequest{Type: "batch", TTL: "1h", Policies: []string{"default"}}))
	if !strings.HasPrefix(batch.Auth.ClientToken, "hvb.") {
		t.Error(batch.Auth.ClientToken[:4])
	}
}

func TestLifetimeWatcherRenews(t *testing.T) {
	client := connect(t)
	made := must[*api.Secret](t)(client.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"default"}, Period: "3s"}))
	watcher := must[*api.LifetimeWatcher](t)(as(t, client, made.Auth.ClientToken).NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: made}))
	go watcher.Start()
	defer watcher.Stop()
	for i := 0; i < 2; i++ {
		select {
		case renewal := <-watcher.RenewCh():
			if renewal.Secret.Auth.LeaseDuration != 3 {
				t.Error(renewal.Secret.Auth.LeaseDuration)
			}
		case err := <-watcher.DoneCh():
			t.Fatalf("it gave up: %v", err)
		case <-time.After(20 * time.Second):
			t.Fatal("no renewal came")
		}
	}
}

func TestPolicies(t *testing.T) {
	client := connect(t)
	check(t, client.Sys().PutPolicy("go-policy", `path "secret/*" { capabilities = ["read"] }`))
	if text := must[string](t)(client.Sys().GetPolicy("go-policy")); !strings.Contains(text, "secret/*") {
		t.Error(text)
	}
	if names := must[[]string](t)(client.Sys().ListPolicies()); !strings.Contains(strings.Join(names, " "), "go-policy") {
		t.Error(names)
	}
	made := must[*api.Secret](t)(client.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"go-policy"}, TTL: "1h"}))
	if can := must[[]string](t)(client.Sys().Capabilities(made.Auth.ClientToken, "secret/x")); len(can) != 1 || can[0] != "read" {
		t.Error(can)
	}
	if can := must[[]string](t)(as(t, client, made.Auth.ClientToken).Sys().CapabilitiesSelf("sys/mounts")); len(can) != 1 || can[0] != "deny" {
		t.Error(can)
	}
	check(t, client.Sys().DeletePolicy("go-policy"))
}

func TestMountsAndAuth(t *testing.T) {
	client := connect(t)
	path := mount(t, client, &api.MountInput{Type: "kv", Description: "go", Config: api.MountConfigInput{DefaultLeaseTTL: "1h", MaxLeaseTTL: "2h"}})
	mounts := must[map[string]*api.MountOutput](t)(client.Sys().ListMounts())
	if shown := mounts[path+"/"]; shown == nil || shown.Type != "kv" || shown.Description != "go" || shown.Config.DefaultLeaseTTL != 3600 {
		t.Errorf("%+v", shown)
	}
	check(t, client.Sys().TuneMount(path, api.MountConfigInput{MaxLeaseTTL: "3h"}))
	if config := must[*api.MountConfigOutput](t)(client.Sys().MountConfig(path)); config.MaxLeaseTTL != 10800 {
		t.Errorf("%+v", config)
	}
	moved := path + "-moved"
	check(t, client.Sys().Remount(path, moved))
	check(t, client.Sys().Unmount(moved))
	check(t, client.Sys().EnableAuthWithOptions("go-up", &api.EnableAuthOptions{Type: "userpass"}))
	if auth := must[map[string]*api.AuthMount](t)(client.Sys().ListAuth()); auth["go-up/"].Type != "userpass" {
		t.Errorf("%+v", auth)
	}
	check(t, client.Sys().DisableAuth("go-up"))
}

func TestLogins(t *testing.T) {
	client := connect(t)
	check(t, client.Sys().EnableAuthWithOptions("go-role", &api.EnableAuthOptions{Type: "approle"}))
	defer func() { _ = client.Sys().DisableAuth("go-role") }()
	must[*api.Secret](t)(client.Logical().Write("auth/go-role/role/web", map[string]interface{}{"token_policies": "default", "token_ttl": "1h"}))
	role := must[*api.Secret](t)(client.Logical().Read("auth/go-role/role/web/role-id"))
	secret := must[*api.Secret](t)(client.Logical().Write("auth/go-role/role/web/secret-id", nil))
	login := must[*api.Secret](t)(as(t, client, "").Logical().Write("auth/go-role/login", map[string]interface{}{"role_id": role.Data["role_id"], "secret_id": secret.Data["secret_id"]}))
	if login.Auth.Metadata["role_name"] != "web" || login.Auth.LeaseDuration != 3600 {
		t.Errorf("%+v", login.Auth)
	}
	_, err := as(t, client, "").Logical().Write("auth/go-role/login", map[string]interface{}{"role_id": "x", "secret_id": "y"})
	refused(t, err, 400, "invalid role or secret ID")
}

func TestWrapping(t *testing.T) {
	client := connect(t)
	path := mount(t, client, &api.MountInput{Type: "kv"})
	must[*api.Secret](t)(client.Logical().Write(path+"/a", map[string]interface{}{"v": "inside"}))
	wrapper := as(t, client, client.Token())
	wrapper.SetWrappingLookupFunc(func(operation, path string) string { return "5m" })
	wrapped := must[*api.Secret](t)(wrapper.Logical().Read(path + "/a"))
	if wrapped.WrapInfo == nil || wrapped.WrapInfo.TTL != 300 || wrapped.WrapInfo.CreationPath != path+"/a" {
		t.Fatalf("%+v", wrapped)
	}
	inside := must[*api.Secret](t)(client.Logical().Unwrap(wrapped.WrapInfo.Token))
	if inside.Data["v"] != "inside" {
		t.Errorf("%+v", inside.Data)
	}
	_, err := client.Logical().Unwrap(wrapped.WrapInfo.Token)
	refused(t, err, 400, "wrapping token is not valid or does not exist")
}

func TestGenerateRoot(t *testing.T) {
	client := connect(t)
	begun := must[*api.GenerateRootStatusResponse](t)(client.Sys().GenerateRootInit("", ""))
	last := must[*api.GenerateRootStatusResponse](t)(client.Sys().GenerateRootUpdate(os.Getenv("UNSEAL_KEY"), begun.Nonce))
	if !last.Complete || begun.OTPLength != 28 {
		t.Fatalf("%+v", last)
	}
	token := must[[]byte](t)(base64.RawStdEncoding.DecodeString(last.EncodedToken))
	for i := range token {
		token[i] ^= begun.OTP[i]
	}
	must[*api.Secret](t)(as(t, client, string(token)).Auth().Token().LookupSelf())
}

func TestRekeyCanBeCancelledWithItsNonce(t *testing.T) {
	client := connect(t)
	begun := must[*api.RekeyStatusResponse](t)(client.Sys().RekeyInit(&api.RekeyInitRequest{SecretShares: 3, SecretThreshold: 2}))
	if !begun.Started || begun.T != 2 || begun.N != 3 {
		t.Errorf("%+v", begun)
	}
	check(t, client.Sys().RekeyCancelWithNonce(begun.Nonce))
	if now := must[*api.RekeyStatusResponse](t)(client.Sys().RekeyStatus()); now.Started {
		t.Errorf("%+v", now)
	}
}

func TestAudit(t *testing.T) {
	client := connect(t)
	check(t, client.Sys().EnableAuditWithOptions("go-file", &api.EnableAuditOptions{Type: "file", Options: map[string]string{"file_path": os.Getenv("COFFER_DIR") + "/audit/go.log"}}))
	devices := must[map[string]*api.Audit](t)(client.Sys().ListAudit())
	if devices["go-file/"] == nil || devices["go-file/"].Type != "file" {
		t.Errorf("%+v", devices)
	}
	if hash := must[string](t)(client.Sys().AuditHash("go-file", "x")); !strings.HasPrefix(hash, "hmac-sha256:") {
		t.Error(hash)
	}
	check(t, client.Sys().DisableAudit("go-file"))
}

func TestLeases(t *testing.T) {
	client := connect(t)
	made := must[*api.Secret](t)(client.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"default"}, TTL: "1h"}))
	keys := must[*api.Secret](t)(client.Logical().List("sys/leases/lookup/auth/token/create"))
	if len(keys.Data["keys"].([]interface{})) == 0 {
		t.Error("no lease is listed")
	}
	check(t, client.Sys().RevokePrefix("auth/token/create"))
	_, err := as(t, client, made.Auth.ClientToken).Auth().Token().LookupSelf()
	refused(t, err, 403, "permission denied")
}

func TestErrors(t *testing.T) {
	client := connect(t)
	_, err := as(t, client, "hvs.unknown").Logical().Read("sys/mounts")
	refused(t, err, http.StatusForbidden, "permission denied")
	_, err = client.Logical().Write("no/such/mount", map[string]interface{}{"a": "b"})
	refused(t, err, 404, "no handler for route")
	_, err = client.Logical().Write("sys/mounts/x", map[string]interface{}{"type": "nonesuch"})
	refused(t, err, 400, "nonesuch")
	nothing := must[*api.Secret](t)(client.Logical().Read("cubbyhole/none"))
	if nothing != nil {
		t.Errorf("%+v", nothing)
	}
	help := must[*api.Help](t)(client.Help("sys/mounts"))
	if !strings.Contains(help.Help, "currently mounted backends") {
		t.Error(help.Help)
	}
	if catalog := must[*api.ListPluginsResponse](t)(client.Sys().ListPlugins(&api.ListPluginsInput{})); len(catalog.Details) == 0 { //nolint:staticcheck
		t.Error("no plugins are listed")
	}
}
