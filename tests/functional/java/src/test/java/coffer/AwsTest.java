package coffer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.secretsmanager.caching.SecretCache;
import com.amazonaws.secretsmanager.caching.SecretCacheConfiguration;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClientBuilder;
import software.amazon.awssdk.services.secretsmanager.model.CreateSecretResponse;
import software.amazon.awssdk.services.secretsmanager.model.DescribeSecretResponse;
import software.amazon.awssdk.services.secretsmanager.model.FilterNameStringType;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;
import software.amazon.awssdk.services.secretsmanager.model.InvalidRequestException;
import software.amazon.awssdk.services.secretsmanager.model.ResourceExistsException;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.secretsmanager.model.SecretListEntry;
import software.amazon.awssdk.services.secretsmanager.model.SecretsManagerException;
import software.amazon.awssdk.services.secretsmanager.model.Tag;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

/** AWS's SDK for Java (v2) and its caching client, with nothing changed but endpoint, authority and keys. */
class AwsTest {
  private static AwsCredentials keys;
  private static SecretsManagerClient client;

  private static SecretsManagerClientBuilder builder(AwsCredentials with) {
    return SecretsManagerClient.builder().endpointOverride(URI.create(Server.ADDRESS)).region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(with)).httpClientBuilder(UrlConnectionHttpClient.builder().tlsTrustManagersProvider(() -> Server.TRUST));
  }

  @BeforeAll
  static void connect() {
    Server.vault("POST", "sys/mounts/secret", "{\"type\":\"kv\",\"options\":{\"version\":\"2\"}}");
    Server.vault("POST", "sys/auth/aws-keys", "{\"type\":\"aws-keys\"}");
    Server.vault("PUT", "sys/policies/acl/java", "{\"policy\":\"path \\\"*\\\" { capabilities = [\\\"create\\\", \\\"read\\\", \\\"update\\\", \\\"delete\\\", \\\"list\\\"] }\"}");
    var made = Server.vault("POST", "auth/aws-keys/keys", "{\"user\":\"java\",\"token_policies\":[\"java\"]}");
    keys = AwsBasicCredentials.create(Server.member(made, "access_key_id"), Server.member(made, "secret_access_key"));
    client = builder(keys).build();
  }

  @Test
  void aSecretLives() {
    String name = "java/life";
    CreateSecretResponse made = client.createSecret(r -> r.name(name).description("first").secretString("one").tags(Tag.builder().key("team").value("a").build()));
    assertTrue(made.arn().matches("arn:aws:secretsmanager:us-east-1:123456789012:secret:java/life-[A-Za-z0-9]{6}"), made.arn());
    GetSecretValueResponse got = client.getSecretValue(r -> r.secretId(made.arn()));
    assertEquals("one", got.secretString());
    assertEquals(List.of("AWSCURRENT"), got.versionStages());
    assertEquals(made.versionId(), got.versionId());
    assertNotNull(got.createdDate());

    client.putSecretValue(r -> r.secretId(name).secretBinary(SdkBytes.fromByteArray(new byte[] {0, (byte) 255, 7})));
    assertArrayEquals(new byte[] {0, (byte) 255, 7}, client.getSecretValue(r -> r.secretId(name)).secretBinary().asByteArray());
    assertEquals("one", client.getSecretValue(r -> r.secretId(name).versionStage("AWSPREVIOUS")).secretString());

    client.updateSecret(r -> r.secretId(name).description("second"));
    client.tagResource(r -> r.secretId(name).tags(Tag.builder().key("stage").value("test").build()));
    client.untagResource(r -> r.secretId(name).tagKeys("team"));
    DescribeSecretResponse described = client.describeSecret(r -> r.secretId(name));
    assertEquals("second", described.description());
    assertEquals(List.of(Tag.builder().key("stage").value("test").build()), described.tags());
    assertEquals(2, described.versionIdsToStages().size());
    assertEquals(List.of("AWSPREVIOUS"), described.versionIdsToStages().get(made.versionId()));

    client.deleteSecret(r -> r.secretId(name).recoveryWindowInDays(7L));
    assertThrows(InvalidRequestException.class, () -> client.getSecretValue(r -> r.secretId(name)));
    client.restoreSecret(r -> r.secretId(name));
    assertNull(client.describeSecret(r -> r.secretId(name)).deletedDate());
    client.deleteSecret(r -> r.secretId(name).forceDeleteWithoutRecovery(true));
    assertThrows(ResourceNotFoundException.class, () -> client.describeSecret(r -> r.secretId(name)));
  }

  @Test
  void labelsMove() {
    String name = "java/labels";
    String first = client.createSecret(r -> r.name(name).secretString("1")).versionId();
    String second = client.putSecretValue(r -> r.secretId(name).secretString("2").versionStages("AWSPENDING")).versionId();
    assertEquals("1", client.getSecretValue(r -> r.secretId(name)).secretString());
    assertEquals("2", client.getSecretValue(r -> r.secretId(name).versionStage("AWSPENDING")).secretString());
    client.updateSecretVersionStage(r -> r.secretId(name).versionStage("AWSCURRENT").moveToVersionId(second).removeFromVersionId(first));
    assertEquals("2", client.getSecretValue(r -> r.secretId(name)).secretString());
    var versions = client.listSecretVersionIds(r -> r.secretId(name)).versions();
    assertEquals(2, versions.size());
    client.deleteSecret(r -> r.secretId(name).forceDeleteWithoutRecovery(true));
  }

  @Test
  void manyAreListedAndRead() {
    for (int i = 0; i < 5; ++i) {
      int n = i;
      client.createSecret(r -> r.name("java/many/" + n).secretString("v" + n));
    }
    List<String> names = client.listSecretsPaginator(r -> r.maxResults(2).filters(f -> f.key(FilterNameStringType.NAME).values("java/many/"))).stream().flatMap(page -> page.secretList().stream())
        .map(SecretListEntry::name).sorted().toList();
    assertEquals(List.of("java/many/0", "java/many/1", "java/many/2", "java/many/3", "java/many/4"), names);
    var batch = client.batchGetSecretValue(r -> r.secretIdList("java/many/0", "java/many/4", "java/none"));
    assertEquals(2, batch.secretValues().size());
    assertEquals("ResourceNotFoundException", batch.errors().get(0).errorCode());
    for (int i = 0; i < 5; ++i) {
      int n = i;
      client.deleteSecret(r -> r.secretId("java/many/" + n).forceDeleteWithoutRecovery(true));
    }
  }

  @Test
  void policiesAreKept() {
    String name = "java/policy";
    client.createSecret(r -> r.name(name).secretString("x"));
    String policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\"*\"}]}";
    assertTrue(client.validateResourcePolicy(r -> r.resourcePolicy(policy)).policyValidationPassed());
    client.putResourcePolicy(r -> r.secretId(name).resourcePolicy(policy));
    SecretsManagerException denied = assertThrows(SecretsManagerException.class, () -> client.getSecretValue(r -> r.secretId(name)));
    assertEquals("AccessDeniedException", denied.awsErrorDetails().errorCode());
    assertNotNull(client.getResourcePolicy(r -> r.secretId(name)).resourcePolicy());
    client.deleteResourcePolicy(r -> r.secretId(name));
    assertEquals("x", client.getSecretValue(r -> r.secretId(name)).secretString());
    client.deleteSecret(r -> r.secretId(name).forceDeleteWithoutRecovery(true));
  }

  @Test
  void errorsHaveTheirTypes() {
    client.createSecret(r -> r.name("java/twice").secretString("x"));
    ResourceExistsException twice = assertThrows(ResourceExistsException.class, () -> client.createSecret(r -> r.name("java/twice").secretString("y")));
    assertEquals("The operation failed because the secret java/twice already exists.", twice.awsErrorDetails().errorMessage());
    assertNotNull(twice.requestId());
    client.deleteSecret(r -> r.secretId("java/twice").forceDeleteWithoutRecovery(true));
    ResourceNotFoundException none = assertThrows(ResourceNotFoundException.class, () -> client.getSecretValue(r -> r.secretId("java/none")));
    assertEquals("Secrets Manager can't find the specified secret.", none.awsErrorDetails().errorMessage());
    try (SecretsManagerClient stranger = builder(AwsBasicCredentials.create("AKIAAAAAAAAAAAAAAAAA", "wrong")).build()) {
      SecretsManagerException refused = assertThrows(SecretsManagerException.class, () -> stranger.listSecrets());
      assertEquals("UnrecognizedClientException", refused.awsErrorDetails().errorCode());
    }
    try (SecretsManagerClient wrong = builder(AwsBasicCredentials.create(keys.accessKeyId(), "wrong")).build()) {
      SecretsManagerException refused = assertThrows(SecretsManagerException.class, () -> wrong.listSecrets());
      assertEquals("InvalidSignatureException", refused.awsErrorDetails().errorCode());
    }
  }

  @Test
  void randomPasswordsFollowTheirRules() {
    String password = client.getRandomPassword(r -> r.passwordLength(40L).excludePunctuation(true).excludeCharacters("abc")).randomPassword();
    assertTrue(password.matches("[A-Zd-z0-9]{40}"), password);
  }

  @Test
  void sessionsComeFromSts() {
    Server.vault("POST", "auth/aws-keys/roles/java-role", "{\"token_policies\":[\"java\"]}");
    try (StsClient sts = StsClient.builder().endpointOverride(URI.create(Server.ADDRESS)).region(Region.US_EAST_1).credentialsProvider(StaticCredentialsProvider.create(keys))
        .httpClientBuilder(UrlConnectionHttpClient.builder().tlsTrustManagersProvider(() -> Server.TRUST)).build()) {
      assertEquals("arn:aws:iam::123456789012:user/java", sts.getCallerIdentity().arn());
      Credentials session = sts.assumeRole(r -> r.roleArn("arn:aws:iam::123456789012:role/java-role").roleSessionName("one")).credentials();
      try (SecretsManagerClient other = builder(AwsSessionCredentials.create(session.accessKeyId(), session.secretAccessKey(), session.sessionToken())).build()) {
        assertEquals(16, other.getRandomPassword(r -> r.passwordLength(16L)).randomPassword().length());
      }
    }
  }

  @Test
  void theCachingClientSeesNewVersions() throws Exception {
    String name = "java/cached";
    client.createSecret(r -> r.name(name).secretString("one"));
    try (SecretCache cache = new SecretCache(new SecretCacheConfiguration().withClient(client).withCacheItemTTL(60_000))) {
      assertEquals("one", cache.getSecretString(name));
      client.putSecretValue(r -> r.secretId(name).secretString("two"));
      assertEquals("one", cache.getSecretString(name));
      assertTrue(cache.refreshNow(name));
      assertEquals("two", cache.getSecretString(name));
      client.putSecretValue(r -> r.secretId(name).secretBinary(SdkBytes.fromUtf8String("raw")));
      assertTrue(cache.refreshNow(name));
      assertEquals("raw", StandardCharsets.UTF_8.decode(cache.getSecretBinary(name)).toString());
    }
    client.deleteSecret(r -> r.secretId(name).forceDeleteWithoutRecovery(true));
  }

  @Test
  void vaultReadsWhatTheSdkWrote() {
    client.createSecret(r -> r.name("java/shared").secretString("{\"user\":\"app\",\"password\":\"s3cret\"}"));
    assertEquals("s3cret", Server.member(Server.vault("GET", "secret/data/java/shared", null), "password"));
    Server.vault("POST", "secret/data/java/shared", "{\"data\":{\"user\":\"app\",\"password\":\"other\"}}");
    assertTrue(client.getSecretValue(r -> r.secretId("java/shared")).secretString().contains("\"password\":\"other\""));
    Map<String, List<String>> stages = client.describeSecret(r -> r.secretId("java/shared")).versionIdsToStages();
    assertEquals(2, stages.size());
    client.deleteSecret(r -> r.secretId("java/shared").forceDeleteWithoutRecovery(true));
  }
}
