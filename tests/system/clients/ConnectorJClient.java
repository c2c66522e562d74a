// MariaDB Connector/J through JDBC; prints what it saw as JSON lines.
// usage: java ConnectorJClient HOST PORT USER PASSWORD DATABASE [refused]
import java.io.ByteArrayInputStream;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;

public class ConnectorJClient {
  static String host, port, user, password, database;
  static String authority = System.getenv("HEADGATE_TLS_CA");
  static String version = System.getenv("HEADGATE_TLS_VERSION");

  interface Work {
    void run() throws Exception;
  }

  static String quoted(Object value) {
    if (value == null)
      return "null";
    if (value instanceof byte[])
      return quoted(hex((byte[]) value));
    if (value instanceof List) {
      StringJoiner all = new StringJoiner(",", "[", "]");
      for (Object one : (List<?>) value) all.add(quoted(one));
      return all.toString();
    }
    StringBuilder out = new StringBuilder("\"");
    for (char c : value.toString().toCharArray()) {
      if (c < 0x20 || c == '"' || c == '\\' || c > 0x7e)
        out.append(String.format("\\u%04x", (int) c));
      else
        out.append(c);
    }
    return out.append('"').toString();
  }

  static String hex(byte[] bytes) {
    StringBuilder out = new StringBuilder();
    for (byte b : bytes) out.append(String.format("%02x", b));
    return out.toString();
  }

  static void say(String step, Object... seen) {
    System.out.println(
        "{\"step\": " + quoted(step) + ", \"seen\": " + quoted(Arrays.asList(seen)) + "}");
  }

  static Connection connect(String as, String secret, String db, String options)
      throws SQLException {
    String url =
        "jdbc:mariadb://" + host + ":" + port + "/" + db + "?connectTimeout=20000" + encryption() + options;
    return DriverManager.getConnection(url, as, secret);
  }

  static String encryption() {
    if (authority == null)
      return "";
    return "&useSsl=true&serverSslCert=" + authority
        + (version == null ? "" : "&enabledSslProtocolSuites=TLSv" + version);
  }

  static Connection connect(String options) throws SQLException {
    return connect(user, password, database, options);
  }

  /** Number, sqlstate and text; the driver puts "(conn=ID) " in front of the server's text. */
  static Object errorOf(Work work) throws Exception {
    try {
      work.run();
    } catch (SQLException e) {
      return Arrays.asList(e.getErrorCode(), e.getSQLState(),
          e.getMessage().replaceAll("conn[=:]\\s*\\d+", "conn=N"));
    }
    return null;
  }

  static List<Object> rows(ResultSet result) throws SQLException {
    List<Object> all = new ArrayList<>();
    while (result.next()) {
      List<Object> row = new ArrayList<>();
      for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) row.add(result.getObject(i));
      all.add(row);
    }
    return all;
  }

  static List<Object> ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return rows(statement.executeQuery(sql));
    }
  }

  static void logins() throws Exception {
    try (Connection c = connect("")) {
      DatabaseMetaData about = c.getMetaData();
      say("connect", about.getDatabaseProductName(), about.getDatabaseProductVersion(),
          ask(c, "SELECT DATABASE(), CURRENT_USER(), USER(), @@character_set_client"));
      say("is valid", c.isValid(5));
    }
    say("wrong password", errorOf(() -> connect(user, password + "x", database, "")));
    say("no password", errorOf(() -> connect(user, "", database, "")));
    say("unknown user", errorOf(() -> connect("nobody9", password, database, "")));
    say("missing database", errorOf(() -> connect(user, password, "nowhere", "")));
    say("database not granted", errorOf(() -> connect(user, password, "mysql", "")));
    try (Connection c = connect("edward", "secret-edward", database, "")) {
      say("ed25519", ask(c, "SELECT CURRENT_USER()"));
    }
    try (Connection c = connect("&useCompression=true")) {
      say("compressed",
          hex(MessageDigest.getInstance("SHA-256").digest(
              ask(c, "SELECT REPEAT('abc', 700000)").toString().getBytes("UTF-8"))));
    }
  }

  static void encrypted() throws Exception {
    try (Connection c = connect("")) {
      List<?> row = (List<?>) ask(c, "SHOW SESSION STATUS LIKE 'Ssl_version'").get(0);
      say("tls", row.get(1).toString().substring(0, 3));
    }
    String right = authority;
    authority = right + ".other";
    say("tls, another CA", errorOf(() -> connect("")) != null);
    authority = right;
  }

  static void statements(String options) throws Exception {
    try (Connection c = connect(options)) {
      say("text rows" + options, ask(c, "SELECT * FROM items ORDER BY id"));
      try (PreparedStatement select =
               c.prepareStatement("SELECT * FROM items WHERE id < ? ORDER BY id")) {
        for (int i = 2; i < 5; i++) {
          select.setInt(1, i);
          say("prepared" + options, rows(select.executeQuery()));
        }
      }
      try (PreparedStatement batch =
               c.prepareStatement("INSERT INTO scratch (word, body) VALUES (?, ?)")) {
        for (int i = 0; i < 500; i++) {
          batch.setString(1, "q'uote\\ " + i);
          batch.setBinaryStream(2, new ByteArrayInputStream(new byte[i]));
          batch.addBatch();
        }
        say("batch" + options, batch.executeBatch().length);
      }
      say("batch seen" + options,
          ask(c,
              "SELECT COUNT(*), SUM(LENGTH(body)), MD5(GROUP_CONCAT(word ORDER BY id)) FROM scratch"));
      c.createStatement().execute("DELETE FROM scratch");
      say("syntax" + options, errorOf(() -> ask(c, "SELEC 1")));
      say("no table" + options,
          errorOf(() -> c.prepareStatement("SELECT * FROM nowhere").executeQuery()));
      c.setCatalog("stock2");
      say("init db" + options, ask(c, "SELECT DATABASE()"));
    }
  }

  static void results() throws Exception {
    try (Connection c = connect("&allowMultiQueries=true&useCursorFetch=true");
         Statement several = c.createStatement()) {
      List<Object> all = new ArrayList<>();
      boolean result = several.execute("SELECT 1; SELECT 'two'; DO 0; CALL two_results()");
      while (result || several.getUpdateCount() != -1) {
        all.add(result ? rows(several.getResultSet()) : several.getUpdateCount());
        result = several.getMoreResults();
      }
      say("multi statements", all);
      try (PreparedStatement cursor = c.prepareStatement("SELECT seq FROM seq_1_to_20000")) {
        cursor.setFetchSize(100);
        long total = 0;
        for (ResultSet result2 = cursor.executeQuery(); result2.next();)
          total += result2.getLong(1);
        say("fetched", total);
      }
      c.setAutoCommit(false);
      several.execute("INSERT INTO scratch (word) VALUES ('undone')");
      c.rollback();
      say("rolled back", ask(c, "SELECT COUNT(*) FROM scratch"));
    }
  }

  static void cancels() throws Exception {
    try (Connection c = connect(""); Statement statement = c.createStatement()) {
      long start = System.currentTimeMillis();
      statement.setQueryTimeout(1);
      say("query timeout", errorOf(() -> statement.executeQuery("SELECT SLEEP(30)")),
          System.currentTimeMillis() - start < 10000);
      statement.setQueryTimeout(0);
      long again = System.currentTimeMillis();
      Thread canceller = new Thread(() -> {
        try (Connection watcher = connect("")) {
          while (
              ask(watcher,
                  "SELECT ID FROM information_schema.processlist WHERE info LIKE '%java_cancel%' "
                      + "AND info NOT LIKE '%processlist%'")
                  .isEmpty()
              && System.currentTimeMillis() - again < 10000)
            Thread.sleep(50);
          statement.cancel();
        } catch (Exception e) {
          say("canceller", e.getMessage());
        }
      });
      canceller.start();
      say("cancel", errorOf(() -> statement.executeQuery("SELECT SLEEP(30) AS java_cancel")),
          System.currentTimeMillis() - again < 10000);
      canceller.join();
      say("alive after it", ask(c, "SELECT 1"));
    }
  }

  static void report(Connection c, String step, Object before, Work work) throws Exception {
    Object error = errorOf(work);
    boolean same = ask(c, "SELECT CONNECTION_ID()").equals(before);
    System.out.println("{\"step\": " + quoted(step) + ", \"error\": " + quoted(error)
        + ", \"same\": " + same + "}");
  }

  /** What the gate has rules against, on a connection that is none the worse for it. */
  static void refused(String options) throws Exception {
    String sql = "SELECT name AS refused FROM items WHERE id = ";
    try (Connection c = connect(options)) {
      Object before = ask(c, "SELECT CONNECTION_ID()");
      report(c, "text", before, () -> ask(c, sql + "1"));
      report(c, "prepared", before, () -> {
        try (PreparedStatement select = c.prepareStatement(sql + "?")) {
          select.setInt(1, 1);
          select.executeQuery();
        }
      });
      if (!options.contains("useServerPrepStmts=true"))
        return;
      try (PreparedStatement later =
               c.prepareStatement("SELECT name AS refused_later FROM items WHERE id = ?")) {
        for (int i = 0; i < 2; i++) {
          later.setInt(1, 1);
          report(c, "executed", before, () -> later.executeQuery());
        }
      }
    }
  }

  public static void main(String[] args) throws Exception {
    host = args[0];
    port = args[1];
    user = args[2];
    password = args[3];
    database = args[4];
    if (args.length > 5 && args[5].equals("refused")) {
      for (String options : new String[] {"", "&useServerPrepStmts=true",
               "&useServerPrepStmts=true&useBatchMultiSend=false&disablePipeline=true"})
        refused(options);
      return;
    }
    logins();
    if (authority != null)
      encrypted();
    for (String options :
        new String[] {"", "&useServerPrepStmts=true", "&useServerPrepStmts=true&useBulkStmts=false",
            "&rewriteBatchedStatements=true", "&usePipelineAuth=false&useBatchMultiSend=false"})
      statements(options);
    results();
    cancels();
  }
}
