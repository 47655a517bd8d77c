package coffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.core.credential.TokenCredential;
import com.azure.core.exception.HttpResponseException;
import com.azure.core.exception.ResourceModifiedException;
import com.azure.core.exception.ResourceNotFoundException;
import com.azure.core.http.policy.FixedDelayOptions;
import com.azure.core.http.policy.RetryOptions;
import com.azure.core.http.rest.PagedResponse;
import com.azure.core.util.polling.SyncPoller;
import com.azure.identity.ClientAssertionCredentialBuilder;
import com.azure.identity.ClientCertificateCredentialBuilder;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretAsyncClient;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import com.azure.security.keyvault.secrets.models.DeletedSecret;
import com.azure.security.keyvault.secrets.models.KeyVaultSecret;
import com.azure.security.keyvault.secrets.models.SecretProperties;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Azure's SDK for Java against a server that serve.py has started, with its check of the challenge's resource on. */
class AzureTest {
  static final URI SERVER = URI.create(System.getenv("VAULT_ADDR"));
  static final String SUFFIX = "vault.localhost:" + SERVER.getPort();
  static final String LOGIN = "https://login." + SUFFIX;
  static final Path FOLDER = Path.of(System.getenv("CLIENT_FOLDER"));
  static SecretClient client;
  static String clientId, clientSecret;

  /** Vault's API, for what Azure's has no words for. */
  static String vault(String method, String path, String body) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(SERVER.resolve("/v1/" + path)).header("X-Vault-Token", System.getenv("VAULT_TOKEN"))
        .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body)).build();
    HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    assertTrue(answer.statusCode() < 300 || answer.body().contains("path is already in use"), path + ": " + answer.statusCode() + " " + answer.body());
    return answer.body();
  }

  static String text(String json, String name) {
    String rest = json.substring(json.indexOf("\"" + name + "\":\"") + name.length() + 4);
    return rest.substring(0, rest.indexOf('"'));
  }

  static String quoted(Path file) throws Exception {
    return "\"" + Files.readString(file).replace("\n", "\\n") + "\"";
  }

  static String unique(String prefix) {
    return prefix + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  static SecretClientBuilder builder(String vault, TokenCredential credential) {
    return new SecretClientBuilder().vaultUrl("https://" + vault + "." + SUFFIX).credential(credential)
        .retryOptions(new RetryOptions(new FixedDelayOptions(0, Duration.ofMillis(1))));
  }

  static SecretClient client(TokenCredential credential) {
    return builder("java", credential).buildClient();
  }

  static TokenCredential secret(String id, String secret) {
    return new ClientSecretCredentialBuilder().authorityHost(LOGIN).tenantId("adfs").clientId(id).clientSecret(secret).build();
  }

  @BeforeAll
  static void prepare() throws Exception {
    for (String mount : List.of("java", "other")) vault("POST", "sys/mounts/" + mount, "{\"type\":\"kv\",\"options\":{\"version\":\"2\"}}");
    for (String login : List.of("approle", "azure-apps")) vault("POST", "sys/auth/" + login, "{\"type\":\"" + login + "\"}");
    vault("POST", "sys/policies/acl/java", "{\"policy\":\"path \\\"*\\\" { capabilities = [\\\"create\\\", \\\"read\\\", \\\"update\\\", \\\"delete\\\", \\\"list\\\"] }\"}");
    vault("POST", "auth/approle/role/java", "{\"token_policies\":\"java\",\"token_ttl\":\"1h\"}");
    clientId = text(vault("GET", "auth/approle/role/java/role-id", null), "role_id");
    clientSecret = text(vault("POST", "auth/approle/role/java/secret-id", "{}"), "secret_id");
    vault("POST", "auth/azure-apps/apps/java-app", "{\"token_policies\":\"java\",\"token_ttl\":\"1h\",\"certificates\":[" + quoted(FOLDER.resolve("app.crt")) + "]}");
    client = client(secret(clientId, clientSecret));
  }

  @Test
  void aSecretIsSetReadAndChanged() {
    String name = unique("s");
    OffsetDateTime until = OffsetDateTime.of(2035, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
    KeyVaultSecret made = client.setSecret(new KeyVaultSecret(name, "one")
        .setProperties(new SecretProperties().setContentType("text/plain").setTags(Map.of("a", "1")).setExpiresOn(until).setNotBefore(until.minusYears(5))));
    assertEquals("https://java." + SUFFIX + "/secrets/" + name + "/" + made.getProperties().getVersion(), made.getId());
    KeyVaultSecret got = client.getSecret(name);
    assertEquals("one", got.getValue());
    assertEquals("text/plain", got.getProperties().getContentType());
    assertEquals(Map.of("a", "1"), got.getProperties().getTags());
    assertEquals(until, got.getProperties().getExpiresOn());
    assertEquals("Recoverable+Purgeable", got.getProperties().getRecoveryLevel());
    assertEquals(90, got.getProperties().getRecoverableDays());
    assertTrue(got.getProperties().isEnabled());
    client.setSecret(name, "");
    assertEquals("", client.getSecret(name).getValue());
    assertEquals("one", client.getSecret(name, made.getProperties().getVersion()).getValue());
    SecretProperties changed = client.updateSecretProperties(made.getProperties().setEnabled(false).setTags(Map.of("b", "2")));
    assertFalse(changed.isEnabled());
    assertEquals(Map.of("b", "2"), changed.getTags());
    HttpResponseException refused = assertThrows(HttpResponseException.class, () -> client.getSecret(name, made.getProperties().getVersion()));
    assertEquals(403, refused.getResponse().getStatusCode());
    assertTrue(refused.getMessage().contains("Operation get is not allowed on a disabled secret."), refused.getMessage());
    assertEquals(2, client.listPropertiesOfSecretVersions(name).stream().count());
  }

  @Test
  void whatIsNotThereIsNotFound() {
    ResourceNotFoundException refused = assertThrows(ResourceNotFoundException.class, () -> client.getSecret(unique("none")));
    assertTrue(refused.getMessage().contains("was not found in this key vault"), refused.getMessage());
    assertThrows(ResourceNotFoundException.class, () -> client.getDeletedSecret(unique("none")));
    assertEquals(0, client.listPropertiesOfSecretVersions(unique("none")).stream().count());
    HttpResponseException wrong = assertThrows(HttpResponseException.class, () -> client.setSecret("a_b", "x"));
    assertEquals(400, wrong.getResponse().getStatusCode());
  }

  @Test
  void listsGoOnFromPageToPage() {
    for (int i = 0; i < 30; i++) client.setSecret("page-" + i, "x");
    List<String> names = client.listPropertiesOfSecrets().stream().map(SecretProperties::getName).collect(Collectors.toList());
    assertEquals(30, names.stream().filter(name -> name.startsWith("page-")).distinct().count());
    List<Integer> pages = new ArrayList<>();
    for (PagedResponse<SecretProperties> page : client.listPropertiesOfSecrets().iterableByPage()) pages.add(page.getValue().size());
    assertTrue(pages.size() >= 2 && pages.stream().allMatch(size -> size <= 25), pages.toString());
  }

  @Test
  void deletedSecretsComeBackOrAreGone() {
    String name = unique("gone");
    KeyVaultSecret made = client.setSecret(name, "x");
    SyncPoller<DeletedSecret, Void> deletion = client.beginDeleteSecret(name);
    DeletedSecret deleted = deletion.poll().getValue();
    deletion.waitForCompletion();
    assertEquals("https://java." + SUFFIX + "/deletedsecrets/" + name, deleted.getRecoveryId());
    assertEquals(90, Duration.between(deleted.getDeletedOn(), deleted.getScheduledPurgeDate()).toDays());
    assertThrows(ResourceNotFoundException.class, () -> client.getSecret(name));
    assertEquals(made.getId(), client.getDeletedSecret(name).getId());
    assertTrue(client.listDeletedSecrets().stream().anyMatch(each -> each.getName().equals(name)));
    ResourceModifiedException taken = assertThrows(ResourceModifiedException.class, () -> client.setSecret(name, "y"));
    assertEquals(409, taken.getResponse().getStatusCode());
    SyncPoller<KeyVaultSecret, Void> recovery = client.beginRecoverDeletedSecret(name);
    recovery.waitForCompletion();
    assertEquals("x", client.getSecret(name).getValue());
    client.beginDeleteSecret(name).waitForCompletion();
    client.purgeDeletedSecret(name);
    assertThrows(ResourceNotFoundException.class, () -> client.getDeletedSecret(name));
  }

  @Test
  void backupsAreRestored() {
    String name = unique("kept");
    KeyVaultSecret first = client.setSecret(name, "one");
    client.setSecret(name, "two");
    byte[] backup = client.backupSecret(name);
    assertThrows(ResourceModifiedException.class, () -> client.restoreSecretBackup(backup));
    client.beginDeleteSecret(name).waitForCompletion();
    client.purgeDeletedSecret(name);
    KeyVaultSecret restored = client.restoreSecretBackup(backup);
    assertEquals(name, restored.getName());
    assertEquals("two", client.getSecret(name).getValue());
    assertEquals("one", client.getSecret(name, first.getProperties().getVersion()).getValue());
    // Another vault of the same server takes it too.
    SecretClient other = builder("other", secret(clientId, clientSecret)).buildClient();
    other.restoreSecretBackup(backup);
    assertEquals("two", other.getSecret(name).getValue());
  }

  @Test
  void theAsynchronousClient() {
    SecretAsyncClient async = builder("java", secret(clientId, clientSecret)).buildAsyncClient();
    String name = unique("a");
    assertEquals("x", async.setSecret(name, "x").then(async.getSecret(name)).block().getValue());
    assertNotNull(async.beginDeleteSecret(name).blockLast().getValue());
  }

  @Test
  void theSameSecretThroughVault() throws Exception {
    client.setSecret("shared", "text");
    assertTrue(vault("GET", "java/data/shared", null).contains("\"value\":\"text\""));
    vault("POST", "java/data/shared", "{\"data\":{\"a\":1.0}}");
    assertEquals("{\"a\":1.0}", client.getSecret("shared").getValue());
  }

  @Test
  void policiesAreHeld() throws Exception {
    vault("POST", "sys/policies/acl/java-reader", "{\"policy\":\"path \\\"java/data/*\\\" { capabilities = [\\\"read\\\"] }\"}");
    vault("POST", "auth/approle/role/java-reader", "{\"token_policies\":\"java-reader\",\"token_ttl\":\"1h\"}");
    String id = text(vault("GET", "auth/approle/role/java-reader/role-id", null), "role_id");
    SecretClient reader = client(secret(id, text(vault("POST", "auth/approle/role/java-reader/secret-id", "{}"), "secret_id")));
    String name = unique("r");
    client.setSecret(name, "x");
    assertEquals("x", reader.getSecret(name).getValue());
    HttpResponseException refused = assertThrows(HttpResponseException.class, () -> reader.setSecret(name, "y"));
    assertEquals(403, refused.getResponse().getStatusCode());
    assertTrue(refused.getMessage().contains("does not have secrets set permission"), refused.getMessage());
  }

  // -- credentials ------------------------------------------------------------------------------------------------------------
  @Test
  void aWrongSecretIsRefused() {
    RuntimeException refused = assertThrows(RuntimeException.class, () -> client(secret(clientId, "wrong")).getSecret("a"));
    assertTrue(refused.getMessage().contains("AADSTS7000215"), refused.getMessage());
  }

  @Test
  void aCertificate() {
    for (boolean chain : new boolean[] {false, true}) {
      TokenCredential credential = new ClientCertificateCredentialBuilder().authorityHost(LOGIN).tenantId("adfs").clientId("java-app")
          .pemCertificate(FOLDER.resolve("app.pem").toString()).sendCertificateChain(chain).build();
      String name = unique("c");
      assertEquals("x", client(credential).setSecret(name, "x").getValue());
    }
  }

  @Test
  void anAssertionOfAnotherIssuer() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    KeyPair pair = generator.generateKeyPair();
    String pem = "-----BEGIN PUBLIC KEY-----\\n" + Base64.getMimeEncoder(64, "\n".getBytes()).encodeToString(pair.getPublic().getEncoded()).replace("\n", "\\n") + "\\n-----END PUBLIC KEY-----\\n";
    vault("POST", "auth/azure-apps/issuers/java", "{\"issuer\":\"https://java\",\"public_keys\":[\"" + pem + "\"]}");
    vault("POST", "auth/azure-apps/apps/java-app/federated/java", "{\"issuer\":\"https://java\",\"subject\":\"pod\"}");
    Base64.Encoder url = Base64.getUrlEncoder().withoutPadding();
    long now = System.currentTimeMillis() / 1000;
    String claims = "{\"iss\":\"https://java\",\"sub\":\"pod\",\"aud\":\"api://AzureADTokenExchange\",\"exp\":" + (now + 600) + "}";
    String head = url.encodeToString("{\"alg\":\"RS256\"}".getBytes()) + "." + url.encodeToString(claims.getBytes());
    Signature signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(pair.getPrivate());
    signature.update(head.getBytes());
    String token = head + "." + url.encodeToString(signature.sign());
    TokenCredential credential = new ClientAssertionCredentialBuilder().authorityHost(LOGIN).tenantId("adfs").clientId("java-app").clientAssertion(() -> token).build();
    String name = unique("f");
    assertEquals("x", client(credential).setSecret(name, "x").getValue());
  }

  @Test
  void aManagedIdentity() {
    TokenCredential credential = new ManagedIdentityCredentialBuilder().build();
    String name = unique("m");
    assertEquals("x", client(credential).setSecret(name, "x").getValue());
  }

  @Test
  void anotherTenant() {
    TokenCredential credential = new ClientSecretCredentialBuilder().authorityHost(LOGIN).tenantId("11111111-1111-1111-1111-111111111111").clientId(clientId)
        .clientSecret(clientSecret).disableInstanceDiscovery().additionallyAllowedTenants("*").build();
    KeyVaultSecret made = client(credential).setSecret(unique("t"), "x");
    assertNotEquals("", made.getProperties().getVersion());
    assertNull(made.getProperties().getContentType());
  }
}
