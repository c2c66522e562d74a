-- What a blog of the WordPress kind asks: its core, a shop plugin, a forum plugin, its cron.
-- Statements are separated by empty lines; lines with `--` at the head of one are notes.

SELECT option_name, option_value FROM wp_options WHERE autoload = 'yes'

SELECT option_name, option_value FROM wp_options WHERE autoload IN ( 'yes', 'on', 'auto-on', 'auto' )

SELECT option_value FROM wp_options WHERE option_name = 'siteurl' LIMIT 1

SELECT option_value FROM wp_options WHERE option_name = '_transient_doing_cron' LIMIT 1

SELECT autoload FROM wp_options WHERE option_name = 'rewrite_rules'

INSERT INTO `wp_options` (`option_name`, `option_value`, `autoload`) VALUES ('_site_transient_timeout_theme_roots', '1719403251', 'no') ON DUPLICATE KEY UPDATE `option_name` = VALUES(`option_name`), `option_value` = VALUES(`option_value`), `autoload` = VALUES(`autoload`)

UPDATE `wp_options` SET `option_value` = 'a:3:{i:1719403251;a:1:{s:16:\"wp_version_check\";a:0:{}}i:1719446400;a:0:{}s:7:\"version\";i:2;}' WHERE `option_name` = 'cron'

DELETE FROM `wp_options` WHERE `option_name` = '_transient_timeout_feed_d117b5738fbd35bd8c0391cda1f2b5d9'

DELETE a, b FROM wp_options a, wp_options b
			WHERE a.option_name LIKE '\\_transient\\_%'
			AND a.option_name NOT LIKE '\\_transient\\_timeout\\_%'
			AND b.option_name = CONCAT( '_transient_timeout_', SUBSTRING( a.option_name, 12 ) )
			AND b.option_value < 1719403251

DELETE a, b FROM wp_options a, wp_options b
				WHERE a.option_name LIKE '\\_site\\_transient\\_%'
				AND a.option_name NOT LIKE '\\_site\\_transient\\_timeout\\_%'
				AND b.option_name = CONCAT( '_site_transient_timeout_', SUBSTRING( a.option_name, 17 ) )
				AND b.option_value < 1719403251

SELECT * FROM wp_users WHERE user_login = 'editor' LIMIT 1

SELECT * FROM wp_users WHERE ID = '1' LIMIT 1

SELECT user_id, meta_key, meta_value FROM wp_usermeta WHERE user_id IN (1) ORDER BY umeta_id ASC

SELECT umeta_id FROM wp_usermeta WHERE meta_key = 'session_tokens' AND user_id = 1

UPDATE `wp_usermeta` SET `meta_value` = 'a:1:{s:64:\"0f1e\";a:4:{s:10:\"expiration\";i:1719576051;}}' WHERE `user_id` = 1 AND `meta_key` = 'session_tokens'

SELECT SQL_CALC_FOUND_ROWS  wp_posts.ID
					 FROM wp_posts
					 WHERE 1=1  AND ((wp_posts.post_type = 'post' AND (wp_posts.post_status = 'publish' OR wp_posts.post_status = 'private')))

					 ORDER BY wp_posts.post_date DESC
					 LIMIT 0, 10

SELECT FOUND_ROWS()

SELECT wp_posts.* FROM wp_posts WHERE ID IN (1,14,15,23,77,104,218,219,330,441)

SELECT  t.*, tt.* FROM wp_terms AS t  INNER JOIN wp_term_taxonomy AS tt ON t.term_id = tt.term_id WHERE t.term_id IN (1,3,8)

SELECT DISTINCT t.term_id, tr.object_id
			FROM wp_terms AS t  INNER JOIN wp_term_taxonomy AS tt ON t.term_id = tt.term_id INNER JOIN wp_term_relationships AS tr ON tr.term_taxonomy_id = tt.term_taxonomy_id
			WHERE tt.taxonomy IN ('category', 'post_tag', 'post_format') AND tr.object_id IN (1, 14, 15, 23)
			ORDER BY t.name ASC

SELECT post_id, meta_key, meta_value FROM wp_postmeta WHERE post_id IN (1,14,15,23,77,104) ORDER BY meta_id ASC

SELECT term_id, meta_key, meta_value FROM wp_termmeta WHERE term_id IN (1,3) ORDER BY meta_id ASC

SELECT * FROM wp_posts WHERE ID = 14 LIMIT 1

SELECT   wp_posts.* FROM wp_posts  WHERE 1=1  AND wp_posts.post_name = 'about-us' AND wp_posts.post_type = 'page' ORDER BY wp_posts.post_date DESC

SELECT ID, post_name, post_parent, post_type
		FROM wp_posts
		WHERE post_name IN ('shop','cart')
		AND post_type IN ('page','attachment')

SELECT wp_comments.comment_ID FROM wp_comments WHERE ( comment_approved = '1' ) AND comment_post_ID = 14 AND comment_parent = 0 ORDER BY wp_comments.comment_date_gmt ASC, wp_comments.comment_ID ASC

SELECT wp_comments.* FROM wp_comments WHERE comment_ID IN (2,5,6,9)

SELECT comment_approved, COUNT( * ) AS total FROM wp_comments WHERE comment_post_ID = 14 GROUP BY comment_approved

SELECT comment_ID FROM wp_comments WHERE comment_post_ID = 14 AND comment_parent = '0' AND comment_approved != 'trash' AND ( comment_author = 'Ann' AND comment_author_email = 'ann@example.org' ) AND comment_content = 'It''s a fine post -- thank you! /* really */' LIMIT 1

INSERT INTO `wp_comments` (`comment_post_ID`, `comment_author_IP`, `comment_author`, `comment_author_email`, `comment_author_url`, `comment_date`, `comment_date_gmt`, `comment_content`, `comment_karma`, `comment_approved`, `comment_agent`, `comment_type`, `comment_parent`, `user_id`) VALUES (14, '203.0.113.9', 'Ann', 'ann@example.org', '', '2024-06-26 12:00:51', '2024-06-26 12:00:51', 'DELETE FROM my heart; SLEEP(5) all day; ''quoted'' and \"more\"', 0, '0', 'Mozilla/5.0', 'comment', 0, 0)

SELECT COUNT(*) FROM wp_comments WHERE comment_post_ID = 14 AND comment_approved = '1'

UPDATE `wp_posts` SET `comment_count` = 4 WHERE `ID` = 14

SHOW FULL COLUMNS FROM `wp_posts`

SHOW FULL COLUMNS FROM `wp_options`

INSERT INTO `wp_posts` (`post_author`, `post_date`, `post_date_gmt`, `post_content`, `post_content_filtered`, `post_title`, `post_excerpt`, `post_status`, `post_type`, `comment_status`, `ping_status`, `post_password`, `post_name`, `to_ping`, `pinged`, `post_modified`, `post_modified_gmt`, `post_parent`, `menu_order`, `post_mime_type`, `guid`) VALUES (1, '2024-06-26 12:00:51', '0000-00-00 00:00:00', '<!-- wp:paragraph --><p>Sleep(8) hours; select * from life</p><!-- /wp:paragraph -->', '', 'Auto Draft', '', 'auto-draft', 'post', 'open', 'open', '', '', '', '', '2024-06-26 12:00:51', '0000-00-00 00:00:00', 0, 0, '', '')

UPDATE `wp_posts` SET `post_author` = 1, `post_date` = '2024-06-26 12:03:12', `post_content` = '<p>100% of it, \\o/ and a % sign</p>', `post_title` = 'A title', `post_status` = 'publish', `post_name` = 'a-title', `post_modified` = '2024-06-26 12:03:12' WHERE `ID` = 512

SELECT ID FROM wp_posts WHERE post_parent = 512 AND post_type = 'revision' AND post_status = 'inherit' ORDER BY post_date DESC, ID DESC

SELECT post_name FROM wp_posts WHERE post_name = 'a-title' AND post_type IN ( 'post', 'attachment' ) AND ID != 512 LIMIT 1

SELECT meta_id FROM wp_postmeta WHERE meta_key = '_edit_lock' AND post_id = 512

UPDATE `wp_postmeta` SET `meta_value` = '1719403392:1' WHERE `post_id` = 512 AND `meta_key` = '_edit_lock'

INSERT INTO `wp_postmeta` (`post_id`, `meta_key`, `meta_value`) VALUES (512, '_thumbnail_id', '77')

DELETE FROM wp_postmeta WHERE meta_id IN( 9912,9913 )

SELECT post_status, COUNT( * ) AS num_posts FROM wp_posts WHERE post_type = 'post' GROUP BY post_status

SELECT COUNT( 1 )
			FROM wp_posts
			WHERE post_type = 'post'
			AND post_status NOT IN ( 'trash','auto-draft','inherit','request-pending' )
			AND post_author = 1

SELECT DISTINCT YEAR( post_date ) AS year, MONTH( post_date ) AS month
				FROM wp_posts
				WHERE post_type = 'post'
				AND post_status != 'auto-draft' AND post_status != 'trash'
				ORDER BY post_date DESC

SELECT YEAR(post_date) AS `year`, MONTH(post_date) AS `month`, count(ID) as posts FROM wp_posts  WHERE post_type = 'post' AND post_status = 'publish' GROUP BY YEAR(post_date), MONTH(post_date) ORDER BY post_date DESC

SELECT p.ID FROM wp_posts AS p  WHERE p.post_date < '2024-06-20 10:00:00' AND p.post_type = 'post'  AND ( p.post_status = 'publish' OR p.post_status = 'private' ) ORDER BY p.post_date DESC LIMIT 1

SELECT p.ID FROM wp_posts AS p INNER JOIN wp_term_relationships AS tr ON p.ID = tr.object_id INNER JOIN wp_term_taxonomy tt ON tr.term_taxonomy_id = tt.term_taxonomy_id WHERE p.post_date > '2024-06-20 10:00:00' AND p.post_type = 'post' AND tt.taxonomy = 'category' AND tt.term_id IN (1,3) AND p.post_status = 'publish' ORDER BY p.post_date ASC LIMIT 1

-- The search of a visitor with three words: nine patterns, each reads the whole table, and that is how it is.
SELECT SQL_CALC_FOUND_ROWS  wp_posts.ID
					 FROM wp_posts
					 WHERE 1=1  AND (((wp_posts.post_title LIKE '{9c3e}green{9c3e}') OR (wp_posts.post_excerpt LIKE '%green%') OR (wp_posts.post_content LIKE '%green%')) AND ((wp_posts.post_title LIKE '%tea%') OR (wp_posts.post_excerpt LIKE '%tea%') OR (wp_posts.post_content LIKE '%tea%')) AND ((wp_posts.post_title LIKE '%cup%') OR (wp_posts.post_excerpt LIKE '%cup%') OR (wp_posts.post_content LIKE '%cup%')))  AND (wp_posts.post_password = '')  AND ((wp_posts.post_type = 'post' AND (wp_posts.post_status = 'publish')) OR (wp_posts.post_type = 'page' AND (wp_posts.post_status = 'publish')))
					 ORDER BY (CASE WHEN wp_posts.post_title LIKE '%green tea cup%' THEN 1 WHEN wp_posts.post_title LIKE '%green%' AND wp_posts.post_title LIKE '%tea%' AND wp_posts.post_title LIKE '%cup%' THEN 2 WHEN wp_posts.post_title LIKE '%green%' OR wp_posts.post_title LIKE '%tea%' OR wp_posts.post_title LIKE '%cup%' THEN 3 WHEN wp_posts.post_excerpt LIKE '%green tea cup%' THEN 4 WHEN wp_posts.post_content LIKE '%green tea cup%' THEN 5 ELSE 6 END), wp_posts.post_date DESC
					 LIMIT 0, 10

SELECT SQL_CALC_FOUND_ROWS  wp_posts.ID FROM wp_posts  LEFT JOIN wp_term_relationships ON (wp_posts.ID = wp_term_relationships.object_id) WHERE 1=1  AND ( wp_term_relationships.term_taxonomy_id IN (7,8) ) AND ((wp_posts.post_type = 'product' AND (wp_posts.post_status = 'publish'))) GROUP BY wp_posts.ID ORDER BY wp_posts.menu_order ASC, wp_posts.post_title ASC LIMIT 0, 16

SELECT SQL_CALC_FOUND_ROWS  wp_posts.ID FROM wp_posts  INNER JOIN wp_postmeta ON ( wp_posts.ID = wp_postmeta.post_id )  INNER JOIN wp_postmeta AS mt1 ON ( wp_posts.ID = mt1.post_id )  LEFT JOIN wp_postmeta AS mt2 ON (wp_posts.ID = mt2.post_id AND mt2.meta_key = '_hidden' ) WHERE 1=1  AND ( ( wp_postmeta.meta_key = '_price' AND CAST(wp_postmeta.meta_value AS DECIMAL(10,2)) BETWEEN '10' AND '50' ) AND ( mt1.meta_key = '_stock_status' AND mt1.meta_value = 'instock' ) AND mt2.post_id IS NULL ) AND wp_posts.post_type = 'product' AND (wp_posts.post_status = 'publish') GROUP BY wp_posts.ID ORDER BY wp_postmeta.meta_value+0 ASC LIMIT 0, 16

-- A shop's filter with eight meta joins: heavy, and everyday.
SELECT wp_posts.ID FROM wp_posts INNER JOIN wp_postmeta m0 ON (wp_posts.ID = m0.post_id) INNER JOIN wp_postmeta m1 ON (wp_posts.ID = m1.post_id) INNER JOIN wp_postmeta m2 ON (wp_posts.ID = m2.post_id) INNER JOIN wp_postmeta m3 ON (wp_posts.ID = m3.post_id) INNER JOIN wp_postmeta m4 ON (wp_posts.ID = m4.post_id) INNER JOIN wp_postmeta m5 ON (wp_posts.ID = m5.post_id) INNER JOIN wp_postmeta m6 ON (wp_posts.ID = m6.post_id) INNER JOIN wp_postmeta m7 ON (wp_posts.ID = m7.post_id) WHERE m0.meta_key = 'color' AND m0.meta_value = 'red' AND m1.meta_key = 'size' AND m1.meta_value = 'xl' AND m2.meta_key = 'brand' AND m2.meta_value LIKE '%acme%' AND m3.meta_key = 'a' AND m4.meta_key = 'b' AND m5.meta_key = 'c' AND m6.meta_key = 'd' AND m7.meta_key = 'e' AND wp_posts.post_type = 'product' GROUP BY wp_posts.ID ORDER BY m3.meta_value DESC LIMIT 20

SELECT product_id, stock_quantity, stock_status, onsale, min_price, max_price FROM wp_wc_product_meta_lookup WHERE product_id IN ( 31,32,33,34 )

INSERT INTO `wp_wc_product_meta_lookup` (`product_id`, `sku`, `virtual`, `downloadable`, `min_price`, `max_price`, `onsale`, `stock_quantity`, `stock_status`, `rating_count`, `average_rating`, `total_sales`) VALUES (31, 'TEA-1', 0, 0, 4.50, 4.50, 0, NULL, 'instock', 3, 4.67, 118) ON DUPLICATE KEY UPDATE min_price = VALUES(min_price), max_price = VALUES(max_price), total_sales = total_sales + 1

SELECT min( min_price ) as min_price, MAX( max_price ) as max_price FROM wp_wc_product_meta_lookup WHERE product_id IN ( SELECT ID FROM wp_posts WHERE wp_posts.post_type IN ('product') AND wp_posts.post_status = 'publish' AND ( wp_posts.ID NOT IN ( SELECT object_id FROM wp_term_relationships WHERE term_taxonomy_id IN (9) ) ) )

SELECT session_value FROM wp_woocommerce_sessions WHERE session_key = 't_9b2f0ce81d7f4cb2b6a1'

INSERT INTO wp_woocommerce_sessions (`session_key`, `session_value`, `session_expiry`) VALUES ('t_9b2f0ce81d7f4cb2b6a1', 'a:7:{s:4:\"cart\";s:6:\"a:0:{}\";}', 1719576051)
 					ON DUPLICATE KEY UPDATE `session_value` = VALUES(`session_value`), `session_expiry` = VALUES(`session_expiry`)

DELETE FROM wp_woocommerce_sessions WHERE session_expiry < 1719403251

SELECT SUM( order_item_meta__qty.meta_value ) as order_item_count, posts.post_date as post_date FROM wp_posts AS posts INNER JOIN wp_woocommerce_order_items AS order_items ON posts.ID = order_items.order_id INNER JOIN wp_woocommerce_order_itemmeta AS order_item_meta__qty ON (order_items.order_item_id = order_item_meta__qty.order_item_id) AND (order_item_meta__qty.meta_key = '_qty') WHERE posts.post_type IN ( 'shop_order','shop_order_refund' ) AND posts.post_status IN ( 'wc-completed','wc-processing','wc-on-hold') AND posts.post_date >= '2024-06-01' AND posts.post_date < '2024-06-27' GROUP BY YEAR(posts.post_date), MONTH(posts.post_date), DAY(posts.post_date) ORDER BY post_date ASC

SELECT order_id, status FROM wp_wc_orders WHERE customer_id = 9 AND type = 'shop_order' ORDER BY date_created_gmt DESC LIMIT 0, 10

SELECT wp_wc_orders.id FROM wp_wc_orders INNER JOIN wp_wc_order_addresses AS billing ON billing.order_id = wp_wc_orders.id AND billing.address_type = 'billing' WHERE 1=1 AND (billing.email LIKE '%ann@%' OR billing.last_name LIKE '%ann%' OR wp_wc_orders.id = 0) GROUP BY wp_wc_orders.id ORDER BY wp_wc_orders.date_created_gmt DESC LIMIT 0, 20

SELECT GET_LOCK('wp_wc_order_lock_512', 0)

SELECT RELEASE_LOCK('wp_wc_order_lock_512')

UPDATE wp_wc_product_meta_lookup SET total_sales = total_sales + 2 WHERE product_id = 31

UPDATE wp_postmeta SET meta_value = meta_value - 2 WHERE post_id = 31 AND meta_key='_stock'

START TRANSACTION

SELECT stock_quantity FROM wp_wc_product_meta_lookup WHERE product_id = 31 FOR UPDATE

COMMIT

ROLLBACK

SELECT a.action_id FROM wp_actionscheduler_actions a WHERE 1=1 AND a.hook='woocommerce_cleanup_draft_orders' AND a.status IN ('in-progress','pending') ORDER BY a.scheduled_date_gmt ASC LIMIT 0, 1

UPDATE wp_actionscheduler_actions a JOIN (SELECT action_id FROM wp_actionscheduler_actions WHERE claim_id = 0 AND scheduled_date_gmt <= '2024-06-26 12:00:51' AND status='pending' ORDER BY priority ASC, attempts ASC, scheduled_date_gmt ASC, action_id ASC LIMIT 25 FOR UPDATE SKIP LOCKED) b ON a.action_id = b.action_id SET a.claim_id=77, a.last_attempt_gmt='2024-06-26 12:00:51'

UPDATE wp_actionscheduler_actions SET claim_id=77, last_attempt_gmt='2024-06-26 12:00:51', last_attempt_local='2024-06-26 14:00:51' WHERE claim_id = 0 AND scheduled_date_gmt <= '2024-06-26 12:00:51' AND status='pending' ORDER BY priority ASC, attempts ASC, scheduled_date_gmt ASC, action_id ASC LIMIT 25

SELECT action_id FROM wp_actionscheduler_actions WHERE claim_id=77 AND status='pending' ORDER BY priority ASC, attempts ASC, scheduled_date_gmt ASC

DELETE FROM wp_actionscheduler_claims WHERE claim_id = 77

SELECT wp_users.ID,wp_users.display_name FROM wp_users INNER JOIN wp_usermeta ON ( wp_users.ID = wp_usermeta.user_id ) WHERE 1=1 AND ( ( ( ( wp_usermeta.meta_key = 'wp_capabilities' AND wp_usermeta.meta_value LIKE '%\"administrator\"%' ) OR ( wp_usermeta.meta_key = 'wp_capabilities' AND wp_usermeta.meta_value LIKE '%\"editor\"%' ) OR ( wp_usermeta.meta_key = 'wp_capabilities' AND wp_usermeta.meta_value LIKE '%\"author\"%' ) ) ) ) ORDER BY display_name ASC

SELECT COUNT(NULLIF(`meta_value` LIKE '%\"administrator\"%', false)), COUNT(NULLIF(`meta_value` LIKE '%\"editor\"%', false)), COUNT(NULLIF(`meta_value` LIKE '%\"author\"%', false)), COUNT(NULLIF(`meta_value` LIKE '%\"subscriber\"%', false)), COUNT(NULLIF(`meta_value` = 'a:0:{}', false)), COUNT(*) FROM wp_usermeta INNER JOIN wp_users ON user_id = ID WHERE meta_key = 'wp_capabilities'

SELECT COUNT(*) as count FROM wp_users as u

SELECT post_mime_type, COUNT( * ) AS num_posts FROM wp_posts WHERE post_type = 'attachment' AND post_status != 'trash'  GROUP BY post_mime_type

SELECT meta_key FROM wp_postmeta GROUP BY meta_key HAVING meta_key NOT LIKE '\\_%' ORDER BY meta_key LIMIT 30

SELECT DISTINCT meta_key FROM wp_postmeta WHERE meta_key NOT BETWEEN '_' AND '_z' HAVING meta_key NOT LIKE '\\_%' ORDER BY meta_key LIMIT 30

-- Plugins like these two: a random post, a random product.
SELECT wp_posts.ID FROM wp_posts WHERE 1=1 AND wp_posts.post_type = 'post' AND wp_posts.post_status = 'publish' ORDER BY RAND() LIMIT 0, 3

SELECT p.ID, p.post_title FROM wp_posts p INNER JOIN wp_term_relationships tr ON tr.object_id = p.ID WHERE tr.term_taxonomy_id = 7 AND p.post_status = 'publish' ORDER BY RAND() LIMIT 4

SELECT ID, post_title, MATCH (post_title,post_content) AGAINST ('green tea cup') AS score FROM wp_posts WHERE MATCH (post_title,post_content) AGAINST ('green tea cup') AND post_date <= '2024-06-26' AND post_status = 'publish' AND ID != 14 ORDER BY score DESC LIMIT 5

SELECT p.ID, COUNT(*) AS shared FROM wp_posts p JOIN wp_term_relationships tr ON p.ID = tr.object_id WHERE tr.term_taxonomy_id IN (SELECT term_taxonomy_id FROM wp_term_relationships WHERE object_id = 14) AND p.ID <> 14 GROUP BY p.ID ORDER BY shared DESC LIMIT 6

SELECT COUNT(DISTINCT p.ID) FROM wp_posts p, wp_term_relationships tr, wp_term_taxonomy tt WHERE p.ID = tr.object_id AND tr.term_taxonomy_id = tt.term_taxonomy_id AND tt.term_id = 3 AND p.post_status = 'publish'

SELECT t.name, t.slug, tt.count FROM wp_terms t, wp_term_taxonomy tt WHERE t.term_id = tt.term_id AND tt.taxonomy = 'post_tag' ORDER BY tt.count DESC LIMIT 45

INSERT INTO `wp_term_relationships` (`object_id`, `term_taxonomy_id`) VALUES (512, 3)

SELECT COUNT(*) FROM wp_term_relationships, wp_posts WHERE wp_posts.ID = wp_term_relationships.object_id AND post_status IN ('publish') AND post_type IN ('post') AND term_taxonomy_id = 3

UPDATE `wp_term_taxonomy` SET `count` = 12 WHERE `term_taxonomy_id` = 3

DELETE FROM wp_term_relationships WHERE object_id = 512 AND term_taxonomy_id IN ('1')

INSERT IGNORE INTO `wp_options` ( `option_name`, `option_value`, `autoload` ) VALUES ('core_updater.lock', '1719403251', 'off') /* LOCK */

SELECT blog_id, path FROM wp_blogs WHERE domain IN ('example.org','www.example.org') AND path IN ('/blog/','/') ORDER BY CHAR_LENGTH(domain) DESC, CHAR_LENGTH(path) DESC LIMIT 1

SELECT wp_site.id FROM wp_site WHERE domain = 'example.org' AND path = '/' LIMIT 1

SELECT meta_key, meta_value FROM wp_sitemeta WHERE meta_key IN ('site_name','siteurl','active_sitewide_plugins','_site_transient_timeout_theme_roots') AND site_id = 1

CREATE TABLE wp_myplugin_log (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  message longtext COLLATE utf8mb4_unicode_520_ci NOT NULL,
  PRIMARY KEY  (id),
  KEY at (at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci

DESCRIBE wp_posts

SHOW TABLES LIKE 'wp\_wc\_orders'

SHOW VARIABLES LIKE 'sql_mode'

SET NAMES 'utf8mb4' COLLATE 'utf8mb4_unicode_520_ci'

SELECT @@SESSION.sql_mode

SET SESSION sql_mode='NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'

SHOW TABLE STATUS LIKE 'wp\_%'

SELECT table_name AS 'name', engine AS 'engine', round( ( data_length / 1024 / 1024 ), 2 ) 'data', round( ( index_length / 1024 / 1024 ), 2 ) 'index' FROM information_schema.TABLES WHERE table_schema = 'blog' ORDER BY name ASC

SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'blog' AND TABLE_NAME = 'wp_posts'

ALTER TABLE wp_posts ADD INDEX post_type_author (post_type, post_author)

OPTIMIZE TABLE wp_options

-- A clean-up plugin: orphans of three kinds, revisions, spam.
DELETE pm FROM wp_postmeta pm LEFT JOIN wp_posts wp ON wp.ID = pm.post_id WHERE wp.ID IS NULL

DELETE FROM wp_commentmeta WHERE comment_id NOT IN (SELECT comment_id FROM wp_comments)

DELETE a,b,c FROM wp_posts a LEFT JOIN wp_term_relationships b ON (a.ID = b.object_id) LEFT JOIN wp_postmeta c ON (a.ID = c.post_id) WHERE a.post_type = 'revision' AND a.post_modified < '2024-01-01'

DELETE FROM wp_comments WHERE comment_approved = 'spam' LIMIT 1000

SELECT SUM(LENGTH(option_value)) as autoload_size FROM wp_options WHERE autoload='yes'

SELECT option_name, LENGTH(option_value) AS n FROM wp_options WHERE autoload = 'yes' ORDER BY n DESC LIMIT 20

-- A security plugin's table of hits and blocks.
INSERT INTO wp_wfhits (attackLogTime, ctime, IP, jsRun, statusCode, isGoogle, userID, URL, referer, UA) VALUES (0, 1719403251.338914, X'00000000000000000000ffffcb007109', 0, 200, 0, 0, 'https://example.org/?s=sleep(5)', '', 'curl/8.0')

SELECT *, HEX(IP) FROM wp_wfblocks7 WHERE `type` IN (4, 5) AND (`expiration` = 0 OR `expiration` > UNIX_TIMESTAMP()) ORDER BY `typeSort` ASC, `id` DESC

DELETE FROM wp_wfhits WHERE id < 10000 ORDER BY id LIMIT 500

SELECT COUNT(*) FROM wp_wfhits WHERE ctime > UNIX_TIMESTAMP(DATE_SUB(NOW(), interval 7 day)) AND IP = X'00000000000000000000ffffcb007109'

-- A forum plugin.
SELECT t.ID, t.post_title, pm.meta_value AS last_active FROM wp_posts t INNER JOIN wp_postmeta pm ON t.ID = pm.post_id AND pm.meta_key = '_bbp_last_active_time' WHERE t.post_type = 'topic' AND t.post_parent = 40 AND t.post_status IN ('publish','closed') ORDER BY CAST(pm.meta_value AS DATETIME) DESC LIMIT 15

SELECT ID FROM wp_posts WHERE post_content RLIKE '\\[gallery[^]]*\\]' AND post_status = 'publish' LIMIT 50

SELECT ID, post_content FROM wp_posts WHERE post_content REGEXP '<!-- wp:core/image' AND post_type = 'post'

-- A migration from http to https, by a plugin.
UPDATE `wp_posts` SET post_content = REPLACE(post_content, 'http://example.org', 'https://example.org')

UPDATE wp_options SET option_value = replace(option_value, 'http://example.org', 'https://example.org') WHERE option_name = 'home' OR option_name = 'siteurl'

TRUNCATE TABLE wp_myplugin_log

REPLACE INTO wp_yoast_indexable (id, permalink, object_id, object_type, title, is_robots_noindex) VALUES (9, 'https://example.org/a-title/', 512, 'post', NULL, NULL)

SELECT * FROM wp_yoast_indexable WHERE object_id = '512' AND object_type = 'post' AND object_sub_type = 'post' LIMIT 1

SELECT l.target_post_id, COUNT( id ) AS incoming FROM wp_yoast_seo_links AS l WHERE l.target_indexable_id IN (9,10,11) GROUP BY target_indexable_id

SELECT ID FROM wp_posts AS P LEFT JOIN wp_yoast_indexable AS I ON P.ID = I.object_id AND I.link_count IS NOT NULL AND I.object_type = 'post' LEFT JOIN wp_yoast_seo_links AS L ON L.post_id = P.ID AND L.target_indexable_id IS NULL AND L.type = 'internal' WHERE ( I.object_id IS NULL OR L.post_id IS NOT NULL ) AND P.post_status = 'publish' AND P.post_type IN ('post','page') LIMIT 25
