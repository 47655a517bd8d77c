package client

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-secretsmanager-caching-go/v2/secretcache"
	"github.com/aws/smithy-go"
	"github.com/hashicorp/vault/api"
)

// AWS's SDK for Go (v2), aimed at the same server.
func awsConfig(t *testing.T, id, secret, session string) aws.Config {
	t.Helper()
	ca := must[*os.File](t)(os.Open(os.Getenv("VAULT_CACERT")))
	t.Cleanup(func() { ca.Close() })
	return must[aws.Config](t)(config.LoadDefaultConfig(context.Background(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(os.Getenv("VAULT_ADDR")),
		config.WithCustomCABundle(ca), config.WithRetryMaxAttempts(1), config.WithHTTPClient(awshttp.NewBuildableClient()),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, secret, session))))
}

// A server with the mounts of AWS's door, and an access key of a user who may all.
func awsKeys(t *testing.T) (*api.Client, aws.Config) {
	t.Helper()
	vault := connect(t)
	mounts := must[map[string]*api.MountOutput](t)(vault.Sys().ListMounts())
	if mounts["secret/"] == nil {
		if err := vault.Sys().Mount("secret", &api.MountInput{Type: "kv", Options: map[string]string{"version": "2"}}); err != nil {
			t.Fatal(err)
		}
	}
	logins := must[map[string]*api.AuthMount](t)(vault.Sys().ListAuth())
	if logins["aws-keys/"] == nil {
		if err := vault.Sys().EnableAuthWithOptions("aws-keys", &api.EnableAuthOptions{Type: "aws-keys"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := vault.Sys().PutPolicy("aws-all", `path "*" { capabilities = ["create", "read", "update", "delete", "list"] }`); err != nil {
		t.Fatal(err)
	}
	made := must[*api.Secret](t)(vault.Logical().Write("auth/aws-keys/keys", map[string]any{"user": "go", "token_policies": []string{"aws-all"}}))
	return vault, awsConfig(t, made.Data["access_key_id"].(string), made.Data["secret_access_key"].(string), "")
}

func awsCode(err error) (string, string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "", ""
}

func TestAwsSignedRequest(t *testing.T) {
	_, config := awsKeys(t)
	answer := must[*secretsmanager.GetRandomPasswordOutput](t)(secretsmanager.NewFromConfig(config).GetRandomPassword(context.Background(), &secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(24)}))
	if len(*answer.RandomPassword) != 24 {
		t.Fatal(len(*answer.RandomPassword))
	}
}

func TestAwsErrors(t *testing.T) {
	_, config := awsKeys(t)
	_, err := secretsmanager.NewFromConfig(config).GetRandomPassword(context.Background(), &secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(1)})
	if code, message := awsCode(err); code != "InvalidParameterException" || message != "Password length is too short based on the required types." {
		t.Fatal(err)
	}
	_, err = secretsmanager.NewFromConfig(awsConfig(t, "AKIAAAAAAAAAAAAAAAAA", "x", "")).ListSecrets(context.Background(), &secretsmanager.ListSecretsInput{})
	if code, message := awsCode(err); code != "UnrecognizedClientException" || message == "" {
		t.Fatal(err)
	}
}

func TestAwsSessions(t *testing.T) {
	vault, config := awsKeys(t)
	client := sts.NewFromConfig(config)
	who := must[*sts.GetCallerIdentityOutput](t)(client.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{}))
	if *who.Arn != "arn:aws:iam::123456789012:user/go" {
		t.Fatal(*who.Arn)
	}
	must[*api.Secret](t)(vault.Logical().Write("auth/aws-keys/roles/go-role", map[string]any{"token_policies": []string{"aws-all"}}))
	session := must[*sts.AssumeRoleOutput](t)(client.AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/go-role"), RoleSessionName: aws.String("one")}))
	c := session.Credentials
	must[*secretsmanager.GetRandomPasswordOutput](t)(secretsmanager.NewFromConfig(awsConfig(t, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)).GetRandomPassword(context.Background(), &secretsmanager.GetRandomPasswordInput{}))
}

// A token is a credential of the SDK's container provider.
func TestAwsContainerCredentials(t *testing.T) {
	request := must[*http.Request](t)(http.NewRequest("GET", os.Getenv("VAULT_ADDR")+"/aws/credentials", nil))
	request.Header.Set("Authorization", os.Getenv("VAULT_TOKEN"))
	awsKeys(t)
	answer := must[*http.Response](t)(connect(t).CloneConfig().HttpClient.Do(request))
	if answer.StatusCode != 200 {
		t.Fatal(answer.Status)
	}
}

func TestAwsSecret(t *testing.T) {
	_, config := awsKeys(t)
	ctx := context.Background()
	client := secretsmanager.NewFromConfig(config)
	name := aws.String("/go/app")
	made := must[*secretsmanager.CreateSecretOutput](t)(client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name, SecretString: aws.String("one"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
	got := must[*secretsmanager.GetSecretValueOutput](t)(client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.ARN}))
	if *got.SecretString != "one" || *got.Name != *name || got.CreatedDate == nil || got.VersionStages[0] != "AWSCURRENT" {
		t.Fatalf("%+v", got)
	}
	must[*secretsmanager.PutSecretValueOutput](t)(client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: name, SecretBinary: []byte{0, 255}}))
	got = must[*secretsmanager.GetSecretValueOutput](t)(client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: name, VersionStage: aws.String("AWSPREVIOUS")}))
	if *got.SecretString != "one" {
		t.Fatalf("%+v", got)
	}
	described := must[*secretsmanager.DescribeSecretOutput](t)(client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: name}))
	if len(described.VersionIdsToStages) != 2 || *described.Tags[0].Value != "b" {
		t.Fatalf("%+v", described)
	}
	pages := secretsmanager.NewListSecretsPaginator(client, &secretsmanager.ListSecretsInput{Filters: []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{"/go"}}}})
	page := must[*secretsmanager.ListSecretsOutput](t)(pages.NextPage(ctx))
	if len(page.SecretList) != 1 || len(page.SecretList[0].SecretVersionsToStages) != 2 {
		t.Fatalf("%+v", page)
	}
	var exists *types.ResourceExistsException
	if _, err := client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name, SecretString: aws.String("x")}); !errors.As(err, &exists) || exists.ErrorMessage() != "The operation failed because the secret /go/app already exists." {
		t.Fatal(err)
	}
	must[*secretsmanager.DeleteSecretOutput](t)(client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)}))
	var missing *types.ResourceNotFoundException
	if _, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: name}); !errors.As(err, &missing) || missing.ErrorMessage() != "Secrets Manager can't find the specified secret." {
		t.Fatal(err)
	}
}

// The caching client keeps what it read, and sees a new version when it is told to.
func TestAwsCachingClient(t *testing.T) {
	_, config := awsKeys(t)
	ctx := context.Background()
	client := secretsmanager.NewFromConfig(config)
	name := aws.String("go/cached")
	must[*secretsmanager.CreateSecretOutput](t)(client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name, SecretString: aws.String("one")}))
	cache := must[*secretcache.Cache](t)(secretcache.New(func(c *secretcache.Cache) { c.Client = client }))
	if got := must[string](t)(cache.GetSecretString(*name)); got != "one" {
		t.Fatal(got)
	}
	must[*secretsmanager.PutSecretValueOutput](t)(client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: aws.String("two")}))
	if got := must[string](t)(cache.GetSecretString(*name)); got != "one" {
		t.Fatal(got)
	}
	cache.RefreshNow(*name)
	if got := must[string](t)(cache.GetSecretString(*name)); got != "two" {
		t.Fatal(got)
	}
	if got := must[string](t)(cache.GetSecretStringWithStage(*name, "AWSPREVIOUS")); got != "one" {
		t.Fatal(got)
	}
	must[*secretsmanager.DeleteSecretOutput](t)(client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)}))
}
