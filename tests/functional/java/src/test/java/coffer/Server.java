package coffer;

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** The server that tests/functional/serve.py started: its address, its authority, and a way to ask it through Vault's API. */
final class Server {
  static final String ADDRESS = System.getenv("VAULT_ADDR");
  static final TrustManager[] TRUST = trust();
  private static final HttpClient HTTP = client();

  private Server() {}

  private static TrustManager[] trust() {
    try (FileInputStream pem = new FileInputStream(System.getenv("VAULT_CACERT"))) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int n = 0;
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(pem)) store.setCertificateEntry("ca" + n++, each);
      TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory.getTrustManagers();
    } catch (Exception e) {
      throw new IllegalStateException("serve.py starts these tests and gives VAULT_ADDR and VAULT_CACERT", e);
    }
  }

  private static HttpClient client() {
    try {
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(null, TRUST, null);
      return HttpClient.newBuilder().sslContext(tls).build();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Asks as root; the body of the answer, whatever its status. */
  static HttpResponse<String> vault(String method, String path, String json) {
    try {
      HttpRequest.BodyPublisher body = json == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(json);
      return HTTP.send(HttpRequest.newBuilder(URI.create(ADDRESS + "/v1/" + path)).header("X-Vault-Token", System.getenv("VAULT_TOKEN")).method(method, body).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** A text member of an answer of the server's own. */
  static String member(HttpResponse<String> answer, String name) {
    Matcher found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(answer.body());
    if (!found.find()) throw new IllegalStateException(answer.statusCode() + " " + answer.body());
    return found.group(1);
  }
}
