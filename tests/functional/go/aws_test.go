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
	"github.com/aws/aws-sdk-go-v2/service/sts"
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
