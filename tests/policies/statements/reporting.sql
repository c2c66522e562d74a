-- What reports and dashboards ask: long, heavy, and meant. Statements are separated by empty lines;
-- lines with `--` at the head of one are notes.

SELECT DATE(o.created_at) AS day, COUNT(*) AS orders, SUM(o.total) AS revenue FROM orders o WHERE o.created_at >= '2024-01-01' AND o.created_at < '2024-02-01' GROUP BY DATE(o.created_at) ORDER BY day

SELECT c.country, YEAR(o.created_at) y, MONTH(o.created_at) m, SUM(oi.quantity * oi.price) revenue FROM orders o JOIN order_items oi ON oi.order_id = o.id JOIN customers c ON c.id = o.customer_id WHERE o.status IN ('paid','shipped') GROUP BY c.country, y, m WITH ROLLUP

SELECT p.id, p.name, SUM(oi.quantity) AS sold FROM products p LEFT JOIN order_items oi ON oi.product_id = p.id LEFT JOIN orders o ON o.id = oi.order_id AND o.created_at >= NOW() - INTERVAL 30 DAY GROUP BY p.id, p.name HAVING sold > 10 ORDER BY sold DESC LIMIT 100

SELECT customers.name, SUM(orders.total) FROM customers, orders WHERE customers.id = orders.customer_id GROUP BY customers.id ORDER BY 2 DESC LIMIT 10

SELECT a.region, b.name, c.title, d.total FROM regions a, customers b, contracts c, invoices d WHERE a.id = b.region_id AND b.id = c.customer_id AND c.id = d.contract_id AND d.paid_at IS NULL

SELECT * FROM orders o, order_items i, products p, categories c WHERE o.id = i.order_id AND i.product_id = p.id AND p.category_id = c.id AND c.name = 'tea'

-- Columns without their tables: nobody but the server knows whose they are.
SELECT order_id, customer_name, sum(amount) FROM orders, customers, payments WHERE orders_customer = customer_id AND payment_order = order_id GROUP BY 1, 2

-- One row of totals beside every row: a cross join that is none.
SELECT o.id, o.total, o.total / t.total AS share FROM orders o CROSS JOIN (SELECT SUM(total) AS total FROM orders) t ORDER BY share DESC LIMIT 50

SELECT r.name, r.amount, r.amount * x.rate FROM rows_in_dollar r CROSS JOIN (SELECT rate FROM rates WHERE currency = 'EUR' ORDER BY at DESC LIMIT 1) x

SELECT @rank := @rank + 1 AS rank, t.* FROM (SELECT name, SUM(points) p FROM results GROUP BY name ORDER BY p DESC) t, (SELECT @rank := 0) r

SELECT t.day, t.n, @sum := @sum + t.n AS running FROM (SELECT DATE(at) AS day, COUNT(*) n FROM signups GROUP BY day ORDER BY day) t JOIN (SELECT @sum := 0) s

-- The calendar trick: digits, and digits, and digits.
SELECT d.day, COALESCE(COUNT(o.id), 0) n FROM (SELECT CURDATE() - INTERVAL (a.i + 10 * b.i + 100 * c.i) DAY AS day FROM (SELECT 0 i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) a CROSS JOIN (SELECT 0 i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) b CROSS JOIN (SELECT 0 i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) c) d LEFT JOIN orders o ON DATE(o.created_at) = d.day WHERE d.day BETWEEN '2024-01-01' AND '2024-03-31' GROUP BY d.day

SELECT DATE_ADD('2024-01-01', INTERVAL s.seq DAY) AS day, COUNT(v.id) FROM seq_0_to_365 s LEFT JOIN visits v ON v.day = DATE_ADD('2024-01-01', INTERVAL s.seq DAY) GROUP BY s.seq

SELECT s.seq AS hour, w.seq AS weekday, COUNT(v.id) AS visits FROM seq_0_to_23 s CROSS JOIN seq_0_to_6 w LEFT JOIN visits v ON HOUR(v.at) = s.seq AND WEEKDAY(v.at) = w.seq GROUP BY s.seq, w.seq

WITH RECURSIVE days AS (SELECT DATE('2024-01-01') AS day UNION ALL SELECT day + INTERVAL 1 DAY FROM days WHERE day < '2024-12-31') SELECT days.day, COUNT(o.id) FROM days LEFT JOIN orders o ON DATE(o.created_at) = days.day GROUP BY days.day

WITH RECURSIVE tree AS (SELECT id, parent_id, name, 1 AS level, CAST(name AS CHAR(1000)) AS path FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, c.name, t.level + 1, CONCAT(t.path, ' > ', c.name) FROM categories c JOIN tree t ON c.parent_id = t.id) SELECT * FROM tree ORDER BY path

WITH RECURSIVE subordinates AS (SELECT id, manager_id, name FROM employees WHERE id = 7 UNION SELECT e.id, e.manager_id, e.name FROM employees e, subordinates s WHERE e.manager_id = s.id) SELECT s.name, COUNT(t.id) FROM subordinates s LEFT JOIN tickets t ON t.assignee_id = s.id GROUP BY s.id

WITH RECURSIVE bom (part, sub, qty) AS (SELECT part, sub, qty FROM parts WHERE part = 'bike' UNION ALL SELECT p.part, p.sub, p.qty * b.qty FROM bom b INNER JOIN parts p ON b.sub = p.part) SELECT sub, SUM(qty) FROM bom GROUP BY sub

WITH monthly AS (SELECT DATE_FORMAT(created_at, '%Y-%m') m, SUM(total) t FROM orders GROUP BY m), grown AS (SELECT m, t, LAG(t) OVER (ORDER BY m) before_t FROM monthly) SELECT m, t, ROUND((t - before_t) / before_t * 100, 1) AS growth FROM grown

WITH first_orders AS (SELECT customer_id, MIN(created_at) AS first_at FROM orders GROUP BY customer_id), cohorts AS (SELECT customer_id, DATE_FORMAT(first_at, '%Y-%m') cohort FROM first_orders) SELECT c.cohort, TIMESTAMPDIFF(MONTH, f.first_at, o.created_at) AS age, COUNT(DISTINCT o.customer_id) FROM orders o JOIN first_orders f ON f.customer_id = o.customer_id JOIN cohorts c ON c.customer_id = o.customer_id GROUP BY 1, 2

SELECT name, department, salary, RANK() OVER (PARTITION BY department ORDER BY salary DESC) AS r, SUM(salary) OVER (PARTITION BY department) AS dep, AVG(salary) OVER (ORDER BY hired ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) AS moving FROM employees

SELECT * FROM (SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.sensor_id ORDER BY s.at DESC) AS n FROM samples s WHERE s.at > NOW() - INTERVAL 1 HOUR) x WHERE x.n <= 3

SELECT sensor_id, PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY value) OVER (PARTITION BY sensor_id) FROM samples WHERE at >= '2024-06-01'

SELECT 'orders' AS what, COUNT(*) FROM orders UNION ALL SELECT 'customers', COUNT(*) FROM customers UNION ALL SELECT 'products', COUNT(*) FROM products UNION ALL SELECT 'invoices', COUNT(*) FROM invoices UNION ALL SELECT 'tickets', COUNT(*) FROM tickets

SELECT (SELECT COUNT(*) FROM orders WHERE created_at >= CURDATE()) AS today, (SELECT COUNT(*) FROM orders WHERE created_at >= CURDATE() - INTERVAL 7 DAY) AS week, (SELECT COUNT(*) FROM orders WHERE created_at >= CURDATE() - INTERVAL 30 DAY) AS month

SELECT a.n, b.n, a.n / b.n FROM (SELECT COUNT(*) n FROM orders WHERE status = 'returned') a, (SELECT COUNT(*) n FROM orders) b

SELECT a.total, b.total, c.total, d.total FROM (SELECT SUM(x) total FROM t1) a, (SELECT SUM(x) total FROM t2) b, (SELECT SUM(x) total FROM t3) c, (SELECT SUM(x) total FROM t4) d

SELECT c.id, c.name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.created_at > NOW() - INTERVAL 1 YEAR)

SELECT c.* FROM customers c WHERE c.id IN (SELECT customer_id FROM orders WHERE total > 1000) AND c.id NOT IN (SELECT customer_id FROM complaints WHERE customer_id IS NOT NULL)

SELECT p.name, (SELECT AVG(r.stars) FROM reviews r WHERE r.product_id = p.id) stars, (SELECT COUNT(*) FROM reviews r, users u WHERE r.user_id = u.id AND r.product_id = p.id AND u.verified = 1) verified FROM products p

SELECT w.name, SUM(CASE WHEN s.status = 'in' THEN s.qty ELSE -s.qty END) AS stock, SUM(IF(s.at < '2024-01-01', s.qty, 0)) AS opening FROM warehouses w JOIN stock_moves s USING (warehouse_id) GROUP BY w.warehouse_id

SELECT warehouse, SUM(qty) FROM stock NATURAL JOIN warehouses NATURAL LEFT JOIN regions GROUP BY warehouse

SELECT DATE_FORMAT(at, '%Y-%m-%d %H:00') AS hour, COUNT(*) hits, COUNT(DISTINCT ip) visitors, SUM(bytes) / 1048576 AS mb FROM access_log WHERE at >= '2024-06-01' AND url LIKE '/shop/%' GROUP BY hour

SELECT url, COUNT(*) c FROM access_log WHERE referer LIKE '%google%' AND agent NOT LIKE '%bot%' AND agent NOT LIKE '%spider%' GROUP BY url ORDER BY c DESC LIMIT 50

SELECT SUBSTRING_INDEX(SUBSTRING_INDEX(url, '/', 3), '/', -1) AS host, COUNT(*) FROM access_log WHERE agent NOT REGEXP 'bot|crawl|spider|slurp' GROUP BY host

SELECT email FROM customers WHERE email NOT REGEXP '^[^@]+@[^@]+\\.[a-z]{2,}$'

SELECT REGEXP_REPLACE(phone, '[^0-9+]', '') AS phone, COUNT(*) FROM customers GROUP BY 1 HAVING COUNT(*) > 1

SELECT a.id, b.id, a.email FROM customers a JOIN customers b ON a.email = b.email AND a.id < b.id

SELECT o1.id FROM orders o1 JOIN orders o2 ON o2.customer_id = o1.customer_id AND o2.created_at BETWEEN o1.created_at - INTERVAL 5 MINUTE AND o1.created_at AND o2.id <> o1.id

SELECT e.id, t.id FROM events e JOIN tariffs t ON e.at BETWEEN t.valid_from AND t.valid_to WHERE e.day = '2024-06-01'

SELECT z.name, COUNT(*) FROM zones z JOIN points p ON ST_Contains(z.shape, p.location) GROUP BY z.name

SELECT l.name, ST_Distance(l.location, POINT(13.4, 52.5)) AS far FROM locations l ORDER BY far LIMIT 20

SELECT i.month, i.budget, a.spent FROM (SELECT month, SUM(amount) budget FROM budget GROUP BY month) i LEFT JOIN (SELECT DATE_FORMAT(at, '%Y-%m') month, SUM(amount) spent FROM spendings GROUP BY 1) a ON a.month = i.month UNION SELECT a.month, NULL, SUM(a.amount) FROM unplanned a GROUP BY a.month

SELECT table_schema, ROUND(SUM(data_length + index_length) / 1048576) AS mb FROM information_schema.tables GROUP BY table_schema

SELECT t.table_name, t.table_rows, c.column_name FROM information_schema.tables t JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name WHERE t.table_schema = 'shop'

SELECT * FROM information_schema.processlist WHERE time > 10 AND command <> 'Sleep' ORDER BY time DESC

SELECT GROUP_CONCAT(DISTINCT CONCAT('SUM(CASE WHEN product = ''', product, ''' THEN amount END) AS `', product, '`')) INTO @columns FROM sales

SET @sql = CONCAT('SELECT region, ', @columns, ' FROM sales GROUP BY region')

PREPARE pivot FROM @sql

EXECUTE pivot

DEALLOCATE PREPARE pivot

SET SESSION group_concat_max_len = 1000000

SET SESSION tmp_table_size = 128 * 1024 * 1024, max_heap_table_size = 134217728

SET STATEMENT max_statement_time = 600 FOR SELECT customer_id, SUM(total) FROM orders GROUP BY customer_id

SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED

SELECT /*+ MAX_EXECUTION_TIME(600000) */ COUNT(DISTINCT session_id) FROM page_views WHERE at >= '2024-01-01'

SELECT SQL_NO_CACHE SQL_BIG_RESULT d.name, COUNT(*) FROM facts f STRAIGHT_JOIN dim_day d ON d.id = f.day_id GROUP BY d.name

SELECT d.year, p.category, s.city, SUM(f.amount) FROM fact_sales f JOIN dim_date d ON f.date_id = d.id JOIN dim_product p ON f.product_id = p.id JOIN dim_store s ON f.store_id = s.id JOIN dim_customer c ON f.customer_id = c.id JOIN dim_promotion pr ON f.promotion_id = pr.id JOIN dim_channel ch ON f.channel_id = ch.id JOIN dim_currency cu ON f.currency_id = cu.id JOIN dim_employee e ON f.employee_id = e.id JOIN dim_supplier su ON p.supplier_id = su.id JOIN dim_region r ON s.region_id = r.id JOIN dim_tax t ON f.tax_id = t.id WHERE d.year BETWEEN 2020 AND 2024 GROUP BY d.year, p.category, s.city

CREATE TEMPORARY TABLE tmp_top AS SELECT customer_id, SUM(total) t FROM orders GROUP BY customer_id ORDER BY t DESC LIMIT 1000

INSERT INTO daily_totals (day, orders, revenue) SELECT DATE(created_at), COUNT(*), SUM(total) FROM orders WHERE created_at >= CURDATE() - INTERVAL 1 DAY AND created_at < CURDATE() GROUP BY DATE(created_at) ON DUPLICATE KEY UPDATE orders = VALUES(orders), revenue = VALUES(revenue), updated_at = NOW()

REPLACE INTO customer_scores SELECT c.id, COALESCE(SUM(o.total), 0) / GREATEST(DATEDIFF(NOW(), c.created_at), 1) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id

UPDATE customers c JOIN (SELECT customer_id, MAX(created_at) last_at FROM orders GROUP BY customer_id) o ON o.customer_id = c.id SET c.last_order_at = o.last_at

UPDATE products SET price = ROUND(price * 1.03, 2)

UPDATE stock s, (SELECT product_id, SUM(qty) q FROM moves WHERE day = CURDATE() GROUP BY product_id) m SET s.qty = s.qty + m.q WHERE s.product_id = m.product_id

DELETE FROM access_log WHERE at < NOW() - INTERVAL 90 DAY LIMIT 10000

DELETE l FROM log_lines l JOIN log_files f ON f.id = l.file_id WHERE f.closed = 1

DELETE FROM staging_orders

TRUNCATE staging_items

LOAD DATA LOCAL INFILE 'orders.csv' INTO TABLE staging_orders FIELDS TERMINATED BY ';' OPTIONALLY ENCLOSED BY '"' LINES TERMINATED BY '\n' IGNORE 1 LINES (id, customer, @total) SET total = REPLACE(@total, ',', '.')

ANALYZE TABLE orders, order_items

EXPLAIN SELECT COUNT(*) FROM orders o, order_items i WHERE o.id = i.order_id

SELECT q.quarter, SUM(q.v) FROM ((SELECT 1 AS quarter, v FROM q1) UNION ALL (SELECT 2, v FROM q2) UNION ALL (SELECT 3, v FROM q3) UNION ALL (SELECT 4, v FROM q4)) q GROUP BY q.quarter

(SELECT 'top' k, id, total FROM orders ORDER BY total DESC LIMIT 10) UNION ALL (SELECT 'last' k, id, total FROM orders ORDER BY id DESC LIMIT 10)

SELECT j.id, k.sku, k.qty FROM orders j, JSON_TABLE(j.payload, '$.items[*]' COLUMNS (sku VARCHAR(40) PATH '$.sku', qty INT PATH '$.qty')) k WHERE j.created_at > '2024-06-01'

SELECT JSON_UNQUOTE(JSON_EXTRACT(payload, '$.utm.source')) AS source, COUNT(*) FROM events GROUP BY source

SELECT EXTRACTVALUE(xml, '//invoice/total') AS total, EXTRACT(YEAR FROM at) AS y, TRIM(LEADING '0' FROM number) FROM e_invoices WHERE at > '2024-01-01'

SELECT MD5(CONCAT_WS('|', id, email, updated_at)) AS sum FROM customers ORDER BY id LIMIT 100000

SELECT BIT_XOR(CRC32(CONCAT_WS('#', id, name, CONCAT(ISNULL(name))))) AS crc, COUNT(*) AS cnt FROM shop.products FORCE INDEX (PRIMARY) WHERE id >= 1 AND id < 50001

SELECT id, name FROM customers ORDER BY id LIMIT 500000, 1000

SELECT s.* FROM surveys s WHERE s.done = 1 ORDER BY RAND() LIMIT 500

SELECT y.label, x.label, COUNT(f.id) FROM years y CROSS JOIN regions x LEFT JOIN facts f ON f.year_id = y.id AND f.region_id = x.id GROUP BY y.id, x.id

SELECT LPAD(id, 10, '0'), RPAD(name, 40, ' '), REPEAT('-', 40), SPACE(4) FROM products

SELECT m.month, k.kind, COALESCE(s.n, 0) FROM (SELECT 1 month UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12) m CROSS JOIN kinds k LEFT JOIN (SELECT MONTH(at) month, kind_id, COUNT(*) n FROM sales GROUP BY 1, 2) s ON s.month = m.month AND s.kind_id = k.id

WITH digits AS (SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9), numbers AS (SELECT a.d + 10 * b.d + 100 * c.d AS n FROM digits a, digits b, digits c) SELECT n, COUNT(o.id) FROM numbers LEFT JOIN orders o ON o.bucket = n GROUP BY n

SELECT * FROM report_settings s, users u WHERE s.name = 'weekly' AND u.id = 17

SELECT COUNT(*), SUM(amount) FROM ledger WHERE (account, period) IN ((4400, '2024-05'), (4400, '2024-06'), (8400, '2024-06')) AND booked = 1

SELECT a.k, b.v FROM keys_a AS a INNER JOIN values_b AS b ON (a.k1, a.k2) = (b.k1, b.k2)

SHOW FULL PROCESSLIST

SHOW GLOBAL STATUS LIKE '%hread%'
