// What the look at a statement costs: fingerprint, kind and traits, on statements of about 57
// bytes, 245 bytes and 8 kB as applications send them. Every set has several statements in turn, so
// that no branch is learnt by heart from one. Beside it, on the same bytes in the same run: a pass
// with memchr (what memory can do) and FNV-1a (the simplest hash, a byte at a time).
#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "policies/sql_scanner.h"

namespace headgate {
namespace {

using Set = std::vector<std::string>;

// Point reads and small writes.
const Set& Short() {
  static const Set set{
      "SELECT c FROM sbtest1 WHERE id=4172",
      "SELECT id, name, price FROM products WHERE sku = 'A-10293'",
      "UPDATE sbtest7 SET k=k+1 WHERE id=50112",
      "SELECT option_value FROM wp_options WHERE option_name = 'siteurl' LIMIT 1",
      "DELETE FROM sessions WHERE expires_at < 1732290000",
      "SELECT COUNT(*) FROM orders WHERE customer_id = 99120",
      "INSERT INTO audit_log (user_id, action) VALUES (17, 'login')",
      "SELECT `u`.`id`, `u`.`email` FROM `users` `u` WHERE `u`.`id` = 31",
      "SELECT * FROM carts WHERE token = 'f3a9c0d1e2b47788' AND open = 1",
      "SELECT c FROM sbtest3 WHERE id BETWEEN 49911 AND 50010 ORDER BY c",
      "SELECT last_seen FROM devices WHERE device_id = ?",
      "UPDATE users SET last_login = NOW() WHERE id = 81223",
  };
  return set;
}

// Joins of shops, blogs and ORMs.
const Set& Middle() {
  static const Set set{
      "SELECT p.ID, p.post_title, p.post_date, u.display_name FROM wp_posts p INNER JOIN wp_users "
      "u ON "
      "u.ID = p.post_author WHERE p.post_type = 'post' AND p.post_status = 'publish' AND "
      "p.post_date < "
      "'2024-11-02 10:00:00' ORDER BY p.post_date DESC LIMIT 0, 10",
      "SELECT `orders`.`id`, `orders`.`total`, `customers`.`name` FROM `orders` LEFT OUTER JOIN "
      "`customers` ON `customers`.`id` = `orders`.`customer_id` WHERE `orders`.`status` IN (1, 2, "
      "5) "
      "AND `orders`.`created_at` >= '2024-01-01' LIMIT 25",
      "INSERT INTO order_items (order_id, product_id, quantity, unit_price, discount, note) VALUES "
      "(81231, 4411, 2, 19.90, 0.00, 'gift wrap please'), (81231, 982, 1, 5.49, 0.50, NULL), "
      "(81231, "
      "120, 12, 0.99, 0.00, 'by the door') ON DUPLICATE KEY UPDATE quantity = VALUES(quantity)",
      "SELECT t.term_id, t.name, t.slug, tt.taxonomy, tt.count FROM wp_terms AS t INNER JOIN "
      "wp_term_taxonomy AS tt ON t.term_id = tt.term_id INNER JOIN wp_term_relationships AS tr ON "
      "tr.term_taxonomy_id = tt.term_taxonomy_id WHERE tr.object_id IN (4711)",
      "UPDATE accounts a SET a.balance = a.balance - 125.50, a.updated_at = NOW(), a.version = "
      "a.version "
      "+ 1 WHERE a.account_no = 'DE02120300000000202051' AND a.version = 17 AND a.closed_at IS "
      "NULL AND "
      "a.balance >= 125.50 /* transfer:debit */",
      "SELECT DATE(o.created_at) AS day, COUNT(*) AS n, SUM(o.total) AS revenue, AVG(o.total) AS "
      "mean "
      "FROM orders o WHERE o.created_at BETWEEN '2024-10-01' AND '2024-10-31' AND o.country = 'AT' "
      "GROUP "
      "BY DATE(o.created_at) HAVING n > 10 ORDER BY day",
      "SELECT \"app_user\".\"id\", e.email FROM emails e WHERE e.user_id = 7712 AND e.verified = "
      "TRUE AND NOT "
      "EXISTS (SELECT 1 FROM bounces b WHERE b.email = e.email AND b.at > DATE_SUB(NOW(), INTERVAL "
      "30 "
      "DAY)) ORDER BY e.is_primary DESC",
      "select u.id,u.name,(select count(*) from posts p where p.user_id=u.id) as posts,max(l.at) "
      "from "
      "users u left join logins l on l.user_id=u.id where u.team_id=42 and u.name like 'mar%' "
      "group by "
      "u.id,u.name order by 3 desc limit 50",
  };
  return set;
}

// Bulk inserts, long IN lists, serialized objects and a report.
const Set& Long() {
  static const Set set = [] {
    constexpr std::size_t kSize = 8000;
    Set out(4);
    out[0] = "INSERT INTO metrics (series_id, ts, value, label) VALUES ";
    for (unsigned i = 0; out[0].size() < kSize; ++i) {
      out[0] += (i == 0 ? "(" : ", (") + std::to_string(i * 7919 % 100000) + ", " +
                std::to_string(1732290000 + i) + ", " + std::to_string(i * 31 % 997) +
                ".25, 'host-" + std::to_string(i % 50) + "')";
    }
    out[1] = "SELECT id, sku, stock FROM products WHERE id IN (";
    for (unsigned i = 0; out[1].size() < kSize; ++i) {
      out[1] += (i == 0 ? "" : ", ") + std::to_string(i * 104729 % 1000000);
    }
    out[1] += ")";
    out[2] = "UPDATE wp_options SET option_value = 'a:3:{";
    for (unsigned i = 0; out[2].size() < kSize; ++i) {
      out[2] +=
          "s:8:\\\"plugin" + std::to_string(i % 90) + "\\\";a:2:{i:0;i:1;s:4:\\\"opts\\\";b:1;}";
    }
    out[2] += "}' WHERE option_name = 'active_plugins'";
    out[3] = "SELECT 0 AS part, 0 AS n";
    for (unsigned i = 0; out[3].size() < kSize; ++i) {
      out[3] += "\n    UNION ALL\n    SELECT " + std::to_string(i) +
                " AS part, COUNT(DISTINCT o.customer_id) AS n\n      FROM orders o\n      JOIN "
                "regions r ON r.id = o.region_id\n     WHERE r.code = 'R" +
                std::to_string(i) + "'  -- one region\n";
    }
    return out;
  }();
  return set;
}

const Set& SetOf(const benchmark::State& state) {
  return state.range(0) == 57 ? Short() : state.range(0) == 245 ? Middle() : Long();
}

// Runs `look` on the set's statements in turn; bytes and statements per second.
template <typename Look>
void Run(benchmark::State& state, Look look) {
  const Set& set = SetOf(state);
  std::size_t bytes = 0;
  for (const std::string& s : set) bytes += s.size();
  std::size_t rounds = 0;
  for (auto _ : state) {
    for (const std::string& s : set) benchmark::DoNotOptimize(look(std::string_view(s)));
    ++rounds;
  }
  const auto statements = static_cast<double>(rounds * set.size());
  state.SetBytesProcessed(static_cast<std::int64_t>(rounds * bytes));
  state.counters["mean_size"] = static_cast<double>(bytes) / static_cast<double>(set.size());
  state.counters["per_statement"] =
      benchmark::Counter(statements, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

constexpr std::size_t kBudget = std::size_t{64} * 1024;

// What every query pays.
void BM_DigestAndTraits(benchmark::State& state) {
  Run(state, [](std::string_view s) {
    return ScanStatement(s, true, SqlMode(), kBudget, {}).mark.digest;
  });
}

// What a query pays whose digest is new to the table: the text is written too.
void BM_WithText(benchmark::State& state) {
  std::array<char, 1024> text;
  Run(state, [&text](std::string_view s) {
    return ScanStatement(s, true, SqlMode(), kBudget, text).mark.digest;
  });
}

void BM_PeerMemchr(benchmark::State& state) {
  Run(state, [](std::string_view s) { return std::memchr(s.data(), 0x01, s.size()); });
}

void BM_PeerFnv1a(benchmark::State& state) {
  Run(state, [](std::string_view s) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : s) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
  });
}

#define HEADGATE_SIZES Arg(57)->Arg(245)->Arg(8000)
BENCHMARK(BM_DigestAndTraits)->HEADGATE_SIZES;
BENCHMARK(BM_WithText)->HEADGATE_SIZES;
BENCHMARK(BM_PeerMemchr)->HEADGATE_SIZES;
BENCHMARK(BM_PeerFnv1a)->HEADGATE_SIZES;

}  // namespace
}  // namespace headgate
