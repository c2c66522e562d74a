// HikariCP with MariaDB Connector/J as docs/guides/pools.md sets it up; driven by lines on standard
// input, which tests/support/pools.py tells of.
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.*;
import java.util.*;
import java.util.concurrent.TimeUnit;

public class HikariPool {
  static HikariDataSource open(
      String url, String user, String secret, int size, long patienceMs) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setUsername(user);
    config.setPassword(secret);
    config.setMaximumPoolSize(size);
    config.setConnectionTimeout(patienceMs);
    config.setMaxLifetime(TimeUnit.MINUTES.toMillis(30));
    config.setInitializationFailTimeout(-1);
    return new HikariDataSource(config);
  }

  static String ask(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
         Statement statement = connection.createStatement();
         ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  // The exception and, where the pool wrapped one that says more, the innermost.
  static String told(Throwable problem) {
    Throwable cause = problem;
    while (cause.getCause() instanceof SQLException) cause = cause.getCause();
    boolean wrapped = problem instanceof SQLTransientConnectionException && cause != problem;
    return (one(problem) + (wrapped ? "; cause: " + one(cause) : "")).replaceAll("\\s+", " ");
  }

  static String one(Throwable problem) {
    String text = problem.getClass().getSimpleName();
    if (problem instanceof SQLException) {
      SQLException sql = (SQLException) problem;
      text += " " + sql.getSQLState() + " " + sql.getErrorCode();
    }
    return text + ": " + problem.getMessage();
  }

  static void load(HikariDataSource pool, int workers, double seconds, double pause, String sql)
      throws InterruptedException {
    long until = System.nanoTime() + (long) (seconds * 1e9);
    long[] sums = new long[3];
    String[] first = {""};
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      Thread thread = new Thread(() -> {
        while (System.nanoTime() < until) {
          long began = System.nanoTime();
          String error = null;
          try {
            ask(pool, sql);
          } catch (SQLException | RuntimeException problem) {
            error = told(problem);
          }
          synchronized (sums) {
            sums[error == null ? 0 : 1]++;
            sums[2] = Math.max(sums[2], (System.nanoTime() - began) / 1000000);
            if (error != null && first[0].isEmpty())
              first[0] = error;
          }
          try {
            Thread.sleep((long) (pause * 1000));
          } catch (InterruptedException ended) {
            return;
          }
        }
      });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) thread.join();
    System.out.println("done\t" + sums[0] + "\t" + sums[1] + "\t" + sums[2] + "\t" + first[0]);
  }

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    HikariDataSource pool = null;
    for (String line; (line = lines.readLine()) != null;) {
      String[] words = line.split("\t");
      if (words[0].equals("open")) {
        if (pool != null)
          pool.close();
        pool = open("jdbc:mariadb://" + words[1] + ":" + words[2] + "/shop", words[3], words[4],
            Integer.parseInt(words[5]), (long) (Double.parseDouble(words[6]) * 1000));
        System.out.println("ok");
      } else if (words[0].equals("ask")) {
        try {
          System.out.println("ok\t" + ask(pool, words[1]));
        } catch (SQLException | RuntimeException problem) {
          System.out.println("error\t" + told(problem));
        }
      } else {
        load(pool, Integer.parseInt(words[1]), Double.parseDouble(words[2]),
            Double.parseDouble(words[3]), words[4]);
      }
    }
    System.exit(0);
  }
}
