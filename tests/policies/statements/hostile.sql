-- Statements that take a server down or tie it up, by one client with an ordinary login. Each must
-- score at the refuse threshold, or say `-- time:` and why its text cannot tell. `-- charset:` names
-- the session's character set where it matters. Statements are separated by empty lines.

SELECT SLEEP(1000)

select sleep(86400) from dual

SELECT SlEeP ( 99999 )

SELECT SLEEP/**/(3600)

SELECT/*x*/SLEEP/* padding */(/* more */3600/* and */)

SELECT /*!50000 SLEEP(3600) */

SELECT /*!SLEEP*/(3600)

SELECT /*M!100100 SLEEP(3600) */

SELECT `sleep`(3600)

SELECT SLEEP(1e9)

SELECT SLEEP(0x7fffffff)

SELECT SLEEP(60*60*24)

SELECT SLEEP(@t)

SELECT SLEEP(?)

SELECT SLEEP((SELECT 3600))

SELECT SLEEP('3600')

SELECT SLEEP(5) FROM orders

SELECT id FROM orders WHERE SLEEP(1) = 0

SELECT * FROM users WHERE name = '' OR SLEEP(5)-- '

SELECT * FROM users WHERE name = '' OR SLEEP(5)#'

SELECT * FROM users WHERE id = 1 AND (SELECT 1 FROM (SELECT(SLEEP(5)))a)

SELECT IF(1=1, SLEEP(30), 0)

SELECT CASE WHEN 1=1 THEN SLEEP(30) ELSE 0 END

DO SLEEP(100000)

SET @a = SLEEP(100000)

INSERT INTO t SELECT SLEEP(1), a.* FROM t a

UPDATE t SET a = SLEEP(2) WHERE id > 0

DELETE FROM t WHERE SLEEP(10)

SELECT 1 ORDER BY SLEEP(100)

SELECT 1 UNION SELECT SLEEP(100)

SELECT (SELECT (SELECT (SELECT SLEEP(100))))

SELECT * FROM (SELECT SLEEP(100)) AS x

WITH c AS (SELECT SLEEP(100)) SELECT * FROM c

SELECT 1; SELECT SLEEP(100)

SELECT 1 ; ; /* nothing */ ; SELECT SLEEP(100) -- end

-- time: five seconds of one session; a query deadline or `running` ends it, and short sleeps are used by real scripts
SELECT SLEEP(5)

-- time: likewise, as one of the other waits
SELECT GET_LOCK('everyone', 50)

SELECT GET_LOCK('everyone', 100000)

SELECT GET_LOCK('everyone', -1)

SELECT GET_LOCK(/*!'x'*/, 31536000)

SELECT MASTER_GTID_WAIT('0-1-999999999')

SELECT MASTER_GTID_WAIT('0-1-999999999', 100000)

SELECT MASTER_POS_WAIT('bin.000999', 4, 86400)

SELECT BENCHMARK(1000000000, MD5('a'))

SELECT BENCHMARK (1, 1)

select benchmark(99999999999,(select(0)from(select(sha1(1)))a))

SELECT * FROM t WHERE id = 1 OR BENCHMARK(50000000, ENCODE('a', 'b'))

SELECT /*!00000 BENCHMARK*/(100000000, SHA2('a', 512))

SELECT BENCHMARK/*
*/(100000000, AES_ENCRYPT('a', 'b'))

SELECT COUNT(*) FROM orders a, orders b, orders c

SELECT COUNT(*) FROM orders a JOIN orders b JOIN orders c

SELECT COUNT(*) FROM orders a CROSS JOIN orders b CROSS JOIN orders c

SELECT COUNT(*) FROM orders a INNER JOIN orders b ON 1=1 INNER JOIN orders c ON 1

SELECT COUNT(*) FROM orders a LEFT JOIN orders b ON TRUE LEFT JOIN orders c ON TRUE

SELECT COUNT(*) FROM orders a STRAIGHT_JOIN orders b STRAIGHT_JOIN orders c

SELECT COUNT(*) FROM (orders a, orders b, orders c)

SELECT COUNT(*) FROM ((orders a) JOIN (orders b)) JOIN orders c

SELECT COUNT(*) FROM orders a JOIN orders b ON a.id = a.id JOIN orders c ON c.id = c.id

SELECT COUNT(*) FROM orders a JOIN orders b ON a.id > 0 JOIN orders c ON c.id > 0

SELECT COUNT(*) FROM orders a,orders b,orders c,orders d WHERE a.id = b.id

SELECT COUNT(*) FROM `orders` `a`,`orders` `b`,`orders` `c` WHERE 1 GROUP BY `a`.`id`

SELECT/**/COUNT(*)/**/FROM/**/orders/**/a,/**/orders/**/b,/**/orders/**/c

SELECT COUNT(*) FROM orders a /*!, orders b, orders c */

SELECT * FROM a, b, c, d, e, f ORDER BY 1, 2, 3, 4 DESC

SELECT COUNT(*) FROM (SELECT * FROM orders) a, (SELECT * FROM orders) b, (SELECT * FROM orders) c

SELECT COUNT(*) FROM users WHERE id IN (SELECT a.id FROM orders a, orders b, orders c)

SELECT (SELECT COUNT(*) FROM orders a, orders b, orders c) FROM users LIMIT 1

SELECT 1 FROM users WHERE EXISTS (SELECT 1 FROM orders a, orders b, orders c WHERE a.x < 0 AND FALSE)

SELECT 1 UNION SELECT COUNT(*) FROM orders a, orders b, orders c

INSERT INTO trash SELECT a.* FROM orders a, orders b, orders c

CREATE TABLE trash AS SELECT a.*, b.id x, c.id y FROM orders a, orders b, orders c

CREATE TEMPORARY TABLE trash SELECT a.id FROM orders a JOIN orders b JOIN orders c JOIN orders d

REPLACE INTO trash SELECT * FROM t1 NATURAL JOIN t2, t3 CROSS JOIN t4

UPDATE orders a, orders b SET a.total = b.total

DELETE a FROM orders a, orders b

DELETE FROM a, b USING orders a, orders b

UPDATE orders a JOIN orders b JOIN orders c SET a.total = 0 WHERE b.id > 0

SELECT * FROM orders a, customers b ORDER BY RAND()

SELECT COUNT(DISTINCT MD5(CONCAT(a.id, b.id, c.id))) FROM orders a, orders b, orders c

SELECT GROUP_CONCAT(a.name, b.name, c.name) FROM users a, users b, users c GROUP BY a.id

SELECT COUNT(*) FROM orders a JOIN orders b JOIN orders c JOIN orders d JOIN orders e JOIN orders f JOIN orders g JOIN orders h JOIN orders i JOIN orders j JOIN orders k JOIN orders l JOIN orders m JOIN orders n JOIN orders o JOIN orders p JOIN orders q JOIN orders r

SELECT * FROM seq_1_to_10000000000

select count(*), sum(seq % 7) from SEQ_1_TO_99999999999

SELECT MAX(MD5(seq)) FROM seq_0_to_18446744073709551614

SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_100000 b

SELECT COUNT(*) FROM seq_1_to_1000 a, seq_1_to_1000 b, seq_1_to_1000 c, seq_1_to_1000 d

SELECT COUNT(*) FROM `shop`.`seq_1_to_100000` a JOIN seq_1_to_100000 b ON a.seq <> 0

INSERT INTO trash SELECT seq, REPEAT('x', 60000) FROM seq_1_to_4000000000

SELECT 1 FROM seq_1_to_2000000 a, orders b WHERE a.seq % 2

SELECT COUNT(*) FROM (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) a, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) b, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) c, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) d, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) e, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) f, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) g, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) h, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) i, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) j, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) k, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) l, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) m, (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) n

WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c, (SELECT 1 UNION ALL SELECT 2) d) SELECT COUNT(*) FROM c

WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT c.n + 1 FROM c CROSS JOIN (SELECT 1 x UNION ALL SELECT 2) d WHERE c.n < 40) SELECT COUNT(*) FROM c

with recursive `c` as (select 1 as n union all select c.n from c join orders) select * from c

WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT COUNT(*) FROM c a, c b, c d, c e

-- Each names the one before it twice; the server copies them all. Twenty of these took its memory.
WITH c0 AS (SELECT 1 n UNION ALL SELECT 2), c1 AS (SELECT a.n FROM c0 a, c0 b), c2 AS (SELECT a.n FROM c1 a, c1 b), c3 AS (SELECT a.n FROM c2 a, c2 b), c4 AS (SELECT a.n FROM c3 a, c3 b), c5 AS (SELECT a.n FROM c4 a, c4 b), c6 AS (SELECT a.n FROM c5 a, c5 b), c7 AS (SELECT a.n FROM c6 a, c6 b) SELECT COUNT(*) FROM c7

-- The same with conditions: nothing multiplies but the copies.
WITH c0 AS (SELECT 1 n), c1 AS (SELECT a.n FROM c0 a JOIN c0 b ON a.n = b.n), c2 AS (SELECT a.n FROM c1 a JOIN c1 b ON a.n = b.n), c3 AS (SELECT a.n FROM c2 a JOIN c2 b ON a.n = b.n), c4 AS (SELECT a.n FROM c3 a JOIN c3 b ON a.n = b.n), c5 AS (SELECT a.n FROM c4 a JOIN c4 b ON a.n = b.n), c6 AS (SELECT a.n FROM c5 a JOIN c5 b ON a.n = b.n), c7 AS (SELECT a.n FROM c6 a JOIN c6 b ON a.n = b.n), c8 AS (SELECT a.n FROM c7 a JOIN c7 b ON a.n = b.n), c9 AS (SELECT a.n FROM c8 a JOIN c8 b ON a.n = b.n), c10 AS (SELECT a.n FROM c9 a JOIN c9 b ON a.n = b.n), c11 AS (SELECT a.n FROM c10 a JOIN c10 b ON a.n = b.n), c12 AS (SELECT a.n FROM c11 a JOIN c11 b ON a.n = b.n) SELECT * FROM c12

SET SESSION max_recursive_iterations = 4294967295

SET @@cte_max_recursion_depth = 4294967295

SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b

SELECT COUNT(*) FROM information_schema.tables A JOIN information_schema.tables B JOIN information_schema.tables C

SELECT COUNT(*) FROM INFORMATION_SCHEMA . COLUMNS a, INFORMATION_SCHEMA . STATISTICS b WHERE 1

SELECT table_name FROM `information_schema`.`columns`, `information_schema`.`tables`

SELECT SLEEP(0.1) FROM information_schema.columns

SELECT 1 FROM information_schema.innodb_buffer_page a, information_schema.innodb_buffer_page_lru b

SELECT MD5(REPEAT('a', 16000000))

SELECT LENGTH(REPEAT('a', 1000000000))

SELECT REPEAT(REPEAT(REPEAT('a', 1000), 1000), 1000)

SELECT REPEAT('a', 1024*1024*1024)

SELECT REPEAT('a', 1 << 30)

SELECT SPACE(999999999)

SELECT RPAD('a', 100000000, 'b'), LPAD('a', 100000000, 'b')

SELECT `REPEAT`('a', 9), SPACE ( 1e9 )

SELECT COUNT(*) FROM items WHERE MD5(REPEAT(name, 1000000)) = 'x'

SELECT COUNT(*) FROM items WHERE SHA2(CONCAT(name, REPEAT('x', 1000000)), 512) = 'x'

SELECT COMPRESS(RPAD(name, 2000000, 'x')) FROM items

SELECT REPLACE(REPEAT('a', 1000000), 'a', REPEAT('b', 16))

SELECT LOCATE(CONCAT(REPEAT('a', 500000), 'b'), REPEAT('a', 1000000))

SELECT EXTRACTVALUE(CONCAT('<r>', REPEAT('<a>x</a>', 20000), '</r>'), '//a[//a[//a]]')

SELECT UPDATEXML(doc, '//a[//b[//c]]', '<z/>') FROM documents

SELECT ExtractValue(@big, '/r/a[//a]')

SELECT ST_BUFFER(ST_GEOMFROMTEXT(CONCAT('LINESTRING(0 0', REPEAT(',1 1,2 2,3 7', 30000), ')')), 3)

SELECT JSON_DETAILED(CONCAT('[', REPEAT('[1],', 200000), '1]'))

SELECT JSON_OVERLAPS(CONCAT('[', REPEAT('1,', 20000), '2]'), CONCAT('[', REPEAT('3,', 20000), '4]'))

SELECT JSON_MERGE_PATCH(CONCAT('{', REPEAT('"a":1,', 50000), '"b":2}'), CONCAT('{', REPEAT('"c":1,', 50000), '"b":2}'))

SELECT ENCRYPT('x', '$6$rounds=999999999$salt')

SELECT COUNT(*) FROM users WHERE ENCRYPT(name, '$5$rounds=500000$salt') = password

SELECT KDF('a', 'b', 100000000, 'pbkdf2_hmac')

SELECT * FROM posts WHERE body REGEXP '(a+)+$'

SELECT * FROM posts WHERE body RLIKE '^(([a-z])+.)+[A-Z]([a-z])+$'

SELECT * FROM posts WHERE body NOT REGEXP('(.*)*x')

SELECT REGEXP_INSTR(body, '(x+x+)+y') FROM posts

SELECT REGEXP_SUBSTR(body, '.*.*.*.*.*=') FROM posts

SELECT 1 FROM posts WHERE body REGEXP /*!'(.+)+z'*/

SELECT sys_exec('sleep 1000')

SELECT sys_eval('cat /dev/zero')

SET SESSION sort_buffer_size = 18446744073709551615

SET sort_buffer_size=4*1024*1024*1024

SET @@SESSION.join_buffer_size = 8589934592, @@session.sort_buffer_size = 8589934592

SET @@read_rnd_buffer_size := 2147483647

set local tmp_table_size = 1 << 40, max_heap_table_size = 1 << 40

SET/**/SESSION/**/join_buffer_size=4294967295

SET STATEMENT join_buffer_size = 16G FOR SELECT * FROM a JOIN b ON a.x = b.x

SET STATEMENT sort_buffer_size = 17179869184 FOR SELECT * FROM t ORDER BY x

SELECT /*+ SET_VAR(sort_buffer_size = 16G) */ * FROM t ORDER BY x

SET STATEMENT max_statement_time = 0 FOR SELECT SLEEP(1000)

SET STATEMENT max_statement_time = 0 FOR SELECT COUNT(*) FROM orders a, orders b

SET max_statement_time = 0; SELECT COUNT(*) FROM orders a, orders b

SELECT * FROM orders INTO OUTFILE '/tmp/all'

SELECT a.* INTO OUTFILE '/var/lib/mysql/full' FROM orders a

SELECT 'x' INTO/**/DUMPFILE '/tmp/x'

SELECT * FROM users UNION SELECT LOAD_FILE('/var/log/syslog')

select load_file(0x2f6574632f706173737764)

SELECT LENGTH( `load_file` ('/var/lib/mysql/ibdata1'))

EXECUTE IMMEDIATE 'SELECT SLEEP(1000)'

EXECUTE IMMEDIATE CONCAT('SELECT SLEE', 'P(1000)')

EXECUTE IMMEDIATE 0x53454c45435420534c4545502831303029

EXECUTE IMMEDIATE UNHEX('53454c45435420534c4545502831303029')

PREPARE s FROM 'SELECT BENCHMARK(1000000000, 1)'

PREPARE s FROM 'SELECT COUNT(*) FROM orders a, orders b, orders c'

SET @q = 0x53454c45435420534c4545502831303029; PREPARE s FROM CONCAT(@q, ''); EXECUTE s

-- time: what a variable holds stands in an earlier statement, and reports do the same
PREPARE s FROM @q

BEGIN NOT ATOMIC DECLARE i BIGINT DEFAULT 0; WHILE 1 DO SET i = i + 1; END WHILE; END

BEGIN NOT ATOMIC WHILE TRUE DO DO 1; END WHILE; END

LOOP SET @a = 1; END LOOP

x: LOOP ITERATE x; END LOOP

WHILE 1 DO SET @a = @a + 1; END WHILE

REPEAT SET @a = 1; UNTIL 0 END REPEAT

FOR i IN 1..1000000000 DO SET @a = i; END FOR

BEGIN NOT ATOMIC FOR i IN 1..1000000000 DO SET @a = i; END FOR; END

IF 1 THEN WHILE 1 DO DO 0; END WHILE; END IF

LOCK TABLES orders WRITE; SELECT SLEEP(100)

FLUSH TABLES WITH READ LOCK; SELECT GET_LOCK('x', 5), SLEEP(60)

-- time: the lock is what hurts, and a dump takes the same one: idle_in_transaction and `running`
LOCK TABLES orders WRITE

-- time: as above
FLUSH TABLES WITH READ LOCK

DELETE FROM orders; DELETE a FROM customers a, customers b

SELECT * FROM orders a, orders b FOR UPDATE

-- charset: gbk
SELECT '縗' OR SLEEP(1000) -- '

-- charset: gbk
SELECT * FROM users WHERE name = '誠' AND SLEEP(100) OR '誠' = ''

SELECT 'it''s' , SLEEP(100) , "a \" b"

SELECT 'a\\', SLEEP(100), '\\'

SELECT "x'y", SLEEP(100), 'x"y'

SELECT 'a' -- ' b' , '
, SLEEP(100)

SELECT 1 --1, 'x' + SLEEP(100)

SELECT 1 # comment ' SLEEP(0)
, SLEEP(100)

SELECT /* ' */ SLEEP(100) /* ' */

SELECT .1,SLEEP(100),1.e1

SELECT _utf8'x',SLEEP(100),N'y',b'01',x'4142'

SELECT@a:=SLEEP(100)

SELECT!SLEEP(100)

SELECT-SLEEP(100)

SELECT{d '2024-01-01'},{x SLEEP(100)}

(SELECT SLEEP(100))

((((SELECT SLEEP(100)))))

VALUES (SLEEP(100))

TABLE t; VALUES ROW(SLEEP(100))

EXPLAIN ANALYZE SELECT SLEEP(100) FROM t

ANALYZE SELECT COUNT(*) FROM orders a, orders b, orders c

ANALYZE FORMAT=JSON SELECT COUNT(*) FROM orders a, orders b, orders c

CALL p(SLEEP(100))

-- time: which columns have few values, the text does not say
SELECT COUNT(*) FROM orders a JOIN orders b ON a.status = b.status JOIN orders c ON b.status = c.status

-- time: a condition that is always true, dressed as a join
SELECT COUNT(*) FROM orders a JOIN orders b ON a.id <> b.id JOIN orders c ON b.id <> c.id

-- time: a scan of a table without an index, over and over: `busy`
SELECT COUNT(*) FROM orders WHERE note LIKE '%x%'
