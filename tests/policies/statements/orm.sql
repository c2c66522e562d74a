-- What object-relational mappers send: Hibernate, ActiveRecord, Doctrine, SQLAlchemy, Django,
-- Eloquent, Sequelize, Prisma, Entity Framework style. Statements are separated by empty lines;
-- lines with `--` at the head of one are notes.

-- Hibernate: aliases by number, everything named.
select order0_.id as id1_4_0_, order0_.created_at as created_2_4_0_, order0_.customer_id as customer5_4_0_, order0_.status as status3_4_0_, order0_.total as total4_4_0_ from orders order0_ where order0_.id=?

select customer0_.id as id1_1_0_, customer0_.email as email2_1_0_, addresses1_.customer_id as customer4_0_1_, addresses1_.id as id1_0_1_, addresses1_.id as id1_0_2_, addresses1_.city as city2_0_2_ from customers customer0_ left outer join addresses addresses1_ on customer0_.id=addresses1_.customer_id where customer0_.id=?

select items0_.order_id as order_id4_3_0_, items0_.id as id1_3_0_, items0_.id as id1_3_1_, items0_.price as price2_3_1_, items0_.product_id as product_5_3_1_, items0_.quantity as quantity3_3_1_, product1_.id as id1_5_2_, product1_.name as name2_5_2_ from order_items items0_ left outer join products product1_ on items0_.product_id=product1_.id where items0_.order_id=?

insert into orders (created_at, customer_id, status, total) values (?, ?, ?, ?)

insert into order_items (order_id, price, product_id, quantity) values (?, ?, ?, ?), (?, ?, ?, ?), (?, ?, ?, ?), (?, ?, ?, ?)

update orders set created_at=?, customer_id=?, status=?, total=?, version=? where id=? and version=?

delete from order_items where id=?

select count(order0_.id) as col_0_0_ from orders order0_ cross join customers customer1_ where order0_.customer_id=customer1_.id and customer1_.email=?

select distinct order0_.id as id1_4_, order0_.total as total4_4_ from orders order0_ inner join order_items items1_ on order0_.id=items1_.order_id inner join products product2_ on items1_.product_id=product2_.id cross join categories category3_ where product2_.category_id=category3_.id and category3_.name=? order by order0_.id desc limit ?

select next_val as id_val from hibernate_sequence for update

update hibernate_sequence set next_val= ? where next_val=?

select user0_.id as id1_9_ from users user0_ where user0_.username=? and user0_.deleted=0

select o1_0.id,o1_0.created_at,c1_0.id,c1_0.email,o1_0.status from orders o1_0 left join customers c1_0 on c1_0.id=o1_0.customer_id where o1_0.status in (?,?,?) order by o1_0.created_at desc limit ?,?

select p1_0.id,p1_0.name from products p1_0 where p1_0.category_id in (select c1_0.id from categories c1_0 where c1_0.parent_id=?) and (? is null or p1_0.name like ? escape '')

select p1_0.id from products p1_0 where lower(p1_0.name) like concat('%',?,'%') escape '\\' order by p1_0.name asc limit ?

select a1_0.id, case when a1_1.id is not null then 1 when a1_2.id is not null then 2 when a1_0.id is not null then 0 end from accounts a1_0 left join savings a1_1 on a1_0.id=a1_1.id left join current_accounts a1_2 on a1_0.id=a1_2.id where a1_0.owner_id=?

select u1_0.id,u1_0.name,r1_0.user_id,r1_1.id,r1_1.name from users u1_0 left join (users_roles r1_0 join roles r1_1 on r1_1.id=r1_0.role_id) on u1_0.id=r1_0.user_id where u1_0.id=?

insert into HTE_orders(hib_sess_id, id) select ?, o.id from orders o where o.status=?

delete from orders where (id) in (select id from HT_orders)

select 1 from orders o1_0 where o1_0.id=? for update of o1_0 skip locked

set session transaction read only

set session transaction read write

set autocommit=0

set autocommit=1

commit

rollback

SET sql_mode='STRICT_TRANS_TABLES', character_set_results = NULL, sql_auto_is_null = 0

SELECT @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS net_write_timeout, @@sql_mode AS sql_mode, @@transaction_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout

/* ping */ SELECT 1

SELECT USER()

-- ActiveRecord.
SELECT `users`.* FROM `users` WHERE `users`.`id` = 1 LIMIT 1

SELECT 1 AS one FROM `users` WHERE `users`.`email` = BINARY 'ann@example.org' AND `users`.`id` != 7 LIMIT 1

SELECT `posts`.* FROM `posts` WHERE `posts`.`user_id` = 1 AND `posts`.`published_at` IS NOT NULL ORDER BY `posts`.`created_at` DESC LIMIT 25 OFFSET 50

SELECT `comments`.* FROM `comments` WHERE `comments`.`post_id` IN (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)

SELECT COUNT(*) FROM `posts` INNER JOIN `users` ON `users`.`id` = `posts`.`user_id` WHERE `users`.`active` = TRUE

SELECT DISTINCT `posts`.`id`, `posts`.`created_at` AS alias_0 FROM `posts` LEFT OUTER JOIN `comments` ON `comments`.`post_id` = `posts`.`id` LEFT OUTER JOIN `users` ON `users`.`id` = `comments`.`user_id` WHERE (users.name LIKE '%ann%' OR comments.body LIKE '%tea%') ORDER BY `posts`.`created_at` DESC LIMIT 10

SELECT `posts`.`id` AS t0_r0, `posts`.`title` AS t0_r1, `comments`.`id` AS t1_r0, `comments`.`body` AS t1_r1 FROM `posts` LEFT OUTER JOIN `comments` ON `comments`.`post_id` = `posts`.`id` WHERE `posts`.`id` IN (9, 8, 7)

INSERT INTO `posts` (`title`, `body`, `user_id`, `created_at`, `updated_at`) VALUES ('It''s', 'sleep(100) -- no comment', 1, '2024-06-26 12:00:51.338914', '2024-06-26 12:00:51.338914')

UPDATE `posts` SET `posts`.`title` = 'A title', `posts`.`updated_at` = '2024-06-26 12:00:51' WHERE `posts`.`id` = 1

UPDATE `posts` SET `posts`.`comments_count` = COALESCE(`posts`.`comments_count`, 0) + 1 WHERE `posts`.`id` = 1 LIMIT 1

DELETE FROM `comments` WHERE `comments`.`id` = 3

DELETE FROM `sessions` WHERE `sessions`.`updated_at` < '2024-05-26' ORDER BY `sessions`.`id` ASC LIMIT 1000

SELECT GET_LOCK('8724561981652736120', 0)

SELECT RELEASE_LOCK('8724561981652736120')

SELECT `schema_migrations`.`version` FROM `schema_migrations` ORDER BY `schema_migrations`.`version` ASC

SELECT table_name FROM (SELECT * FROM information_schema.tables WHERE table_schema = database()) _subquery WHERE _subquery.table_type = 'BASE TABLE'

SELECT column_name FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND table_schema = database() AND table_name = 'posts' ORDER BY seq_in_index

SHOW FULL FIELDS FROM `posts`

SHOW KEYS FROM `posts`

SELECT fk.referenced_table_name AS 'to_table', fk.column_name AS 'column', fk.constraint_name AS 'name', rc.update_rule AS 'on_update', rc.delete_rule AS 'on_delete' FROM information_schema.referential_constraints rc JOIN information_schema.key_column_usage fk USING (constraint_schema, constraint_name) WHERE fk.referenced_column_name IS NOT NULL AND fk.table_schema = database() AND fk.table_name = 'posts' AND rc.constraint_schema = database() AND rc.table_name = 'posts'

SAVEPOINT active_record_1

RELEASE SAVEPOINT active_record_1

ROLLBACK TO SAVEPOINT active_record_1

SELECT `tags`.* FROM `tags` INNER JOIN `taggings` ON `tags`.`id` = `taggings`.`tag_id` WHERE `taggings`.`taggable_id` = 1 AND `taggings`.`taggable_type` = 'Post' AND `taggings`.`context` = 'tags'

SELECT `products`.* FROM `products` ORDER BY RAND() LIMIT 1

SELECT SUM(`orders`.`total`) FROM `orders` WHERE `orders`.`created_at` BETWEEN '2024-06-01 00:00:00' AND '2024-06-30 23:59:59'

SELECT COUNT(*) AS `count_all`, `orders`.`status` AS `orders_status` FROM `orders` GROUP BY `orders`.`status`

-- Doctrine.
SELECT t0.id AS id_1, t0.name AS name_2, t0.email AS email_3, t0.group_id AS group_id_4 FROM users t0 WHERE t0.id = ?

SELECT u0_.id AS id_0, u0_.name AS name_1, g1_.id AS id_2, g1_.name AS name_3 FROM users u0_ INNER JOIN groups g1_ ON u0_.group_id = g1_.id WHERE u0_.name LIKE ? AND (g1_.id IN (?, ?, ?) OR g1_.owner_id = ?) ORDER BY u0_.name ASC LIMIT 20

SELECT DISTINCT id_0 FROM (SELECT DISTINCT id_0, name_1 FROM (SELECT u0_.id AS id_0, u0_.name AS name_1, p1_.id AS id_2 FROM users u0_ LEFT JOIN phones p1_ ON u0_.id = p1_.user_id) dctrn_result_inner ORDER BY name_1 ASC) dctrn_result LIMIT 10

SELECT COUNT(*) AS dctrn_count FROM (SELECT DISTINCT id_0 FROM (SELECT u0_.id AS id_0 FROM users u0_ LEFT JOIN phones p1_ ON u0_.id = p1_.user_id) dctrn_result) dctrn_table

INSERT INTO users (name, email, group_id) VALUES (?, ?, ?)

UPDATE users SET name = ? WHERE id = ?

DELETE FROM users_groups WHERE user_id = ? AND group_id = ?

SELECT t0.id, t0.discr FROM things t0 LEFT JOIN cars t1 ON t0.id = t1.id LEFT JOIN boats t2 ON t0.id = t2.id LEFT JOIN planes t3 ON t0.id = t3.id LEFT JOIN trains t4 ON t0.id = t4.id LEFT JOIN bikes t5 ON t0.id = t5.id LEFT JOIN trucks t6 ON t0.id = t6.id LEFT JOIN ships t7 ON t0.id = t7.id LEFT JOIN drones t8 ON t0.id = t8.id WHERE t0.owner_id = ?

SELECT m0_.id FROM messenger_messages m0_ WHERE (m0_.queue_name = ?) AND (m0_.delivered_at is null OR m0_.delivered_at < ?) AND (m0_.available_at <= ?) ORDER BY available_at ASC LIMIT 1 FOR UPDATE SKIP LOCKED

SELECT u FROM_ FROM users u WHERE EXISTS (SELECT 1 FROM users_groups g WHERE g.user_id = u.id AND g.group_id = ?)

-- SQLAlchemy.
SELECT users.id AS users_id, users.name AS users_name FROM users WHERE users.id = %s

SELECT anon_1.users_id AS anon_1_users_id, anon_1.users_name AS anon_1_users_name, addresses_1.id AS addresses_1_id FROM (SELECT users.id AS users_id, users.name AS users_name FROM users ORDER BY users.id LIMIT 10) AS anon_1 LEFT OUTER JOIN addresses AS addresses_1 ON anon_1.users_id = addresses_1.user_id ORDER BY anon_1.users_id

SELECT count(*) AS count_1 FROM (SELECT orders.id AS orders_id FROM orders WHERE orders.status = 'open') AS anon_1

SELECT orders.id FROM orders, customers WHERE orders.customer_id = customers.id AND customers.name = 'ann'

SELECT EXISTS (SELECT 1 FROM orders WHERE orders.customer_id = 5) AS anon_1

INSERT INTO users (name, email) VALUES ('ann', 'ann@example.org') RETURNING users.id

UPDATE users SET name='ben', updated_at=now() WHERE users.id = 7

SELECT node.id, node.name, parent.id, parent.name FROM nodes AS node JOIN nodes AS parent ON parent.id = node.parent_id WHERE node.id IN (1, 2, 3)

WITH RECURSIVE included_parts(sub_part, part, quantity) AS (SELECT parts.sub_part AS sub_part, parts.part AS part, parts.quantity AS quantity FROM parts WHERE parts.part = 'our part' UNION ALL SELECT parts_1.sub_part, parts_1.part, parts_1.quantity FROM parts AS parts_1, included_parts AS pr WHERE parts_1.part = pr.sub_part) SELECT included_parts.sub_part, sum(included_parts.quantity) AS total_quantity FROM included_parts GROUP BY included_parts.sub_part

SELECT CAST('test plain returns' AS CHAR(60)) AS anon_1

SHOW VARIABLES LIKE 'sql_mode'

SHOW CREATE TABLE `users`

-- Django.
SELECT `auth_user`.`id`, `auth_user`.`password`, `auth_user`.`last_login`, `auth_user`.`is_superuser`, `auth_user`.`username` FROM `auth_user` WHERE `auth_user`.`username` = 'ann' LIMIT 21

SELECT `django_session`.`session_key`, `django_session`.`session_data`, `django_session`.`expire_date` FROM `django_session` WHERE (`django_session`.`expire_date` > '2024-06-26 12:00:51.338914' AND `django_session`.`session_key` = 'k3j4h5') LIMIT 21

SELECT (1) AS `a` FROM `auth_user` WHERE `auth_user`.`email` = 'ann@example.org' LIMIT 1

SELECT COUNT(*) AS `__count` FROM `shop_order` WHERE (`shop_order`.`status` = 'open' AND NOT (`shop_order`.`id` IN (SELECT U1.`order_id` AS Col1 FROM `shop_item` U1 WHERE U1.`product_id` = 4)))

SELECT `shop_order`.`id`, `shop_customer`.`id` FROM `shop_order` INNER JOIN `shop_customer` ON (`shop_order`.`customer_id` = `shop_customer`.`id`) LEFT OUTER JOIN `shop_address` ON (`shop_customer`.`address_id` = `shop_address`.`id`) WHERE (`shop_order`.`created` BETWEEN '2024-01-01' AND '2024-06-30' AND `shop_address`.`city` LIKE '%berlin%') ORDER BY `shop_order`.`id` DESC LIMIT 100

SELECT `shop_product`.`id` FROM `shop_product` WHERE ((((((`shop_product`.`a` = 1 OR `shop_product`.`b` = 2) AND `shop_product`.`c` = 3) OR `shop_product`.`d` = 4) AND `shop_product`.`e` = 5) OR `shop_product`.`f` = 6) AND NOT (`shop_product`.`g` = 7))

UPDATE `django_session` SET `session_data` = 'x', `expire_date` = '2024-07-10' WHERE `django_session`.`session_key` = 'k3j4h5'

UPDATE `shop_product` SET `stock` = (`shop_product`.`stock` - 1) WHERE `shop_product`.`id` = 4

UPDATE `shop_product` SET `price` = CASE WHEN (`shop_product`.`id` = 1) THEN 10.5 WHEN (`shop_product`.`id` = 2) THEN 11.5 ELSE NULL END WHERE `shop_product`.`id` IN (1, 2)

DELETE FROM `django_session` WHERE `django_session`.`expire_date` < '2024-06-26'

INSERT INTO `django_admin_log` (`action_time`, `user_id`, `content_type_id`, `object_id`, `object_repr`, `action_flag`, `change_message`) VALUES ('2024-06-26 12:00:51', 1, 9, '4', 'Tea', 2, '[{\"changed\": {\"fields\": [\"Stock\"]}}]')

SELECT `t`.`id` FROM `t` WHERE `t`.`name` REGEXP BINARY '^[A-Z]{3}-[0-9]+$'

SELECT DATE(CONVERT_TZ(`shop_order`.`created`, 'UTC', 'Europe/Berlin')) AS `day`, COUNT(`shop_order`.`id`) AS `n` FROM `shop_order` GROUP BY DATE(CONVERT_TZ(`shop_order`.`created`, 'UTC', 'Europe/Berlin')) ORDER BY NULL

SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED

SET SQL_AUTO_IS_NULL = 0

SELECT @@sql_mode, VERSION(), @@lower_case_table_names

-- Eloquent.
select * from `users` where `email` = ? and `users`.`deleted_at` is null limit 1

select `roles`.*, `role_user`.`user_id` as `pivot_user_id`, `role_user`.`role_id` as `pivot_role_id` from `roles` inner join `role_user` on `roles`.`id` = `role_user`.`role_id` where `role_user`.`user_id` in (1, 2, 3)

select * from `posts` where exists (select * from `comments` where `posts`.`id` = `comments`.`post_id` and `content` like '%tea%') and `published` = 1

select count(*) as aggregate from `orders` where `status` = ? and json_unquote(json_extract(`meta`, '$."source"')) = ?

insert into `jobs` (`queue`, `attempts`, `reserved_at`, `available_at`, `created_at`, `payload`) values (?, ?, ?, ?, ?, ?)

select * from `jobs` where `queue` = 'default' and ((`reserved_at` is null and `available_at` <= 1719403251) or (`reserved_at` <= 1719403161)) order by `id` asc limit 1 FOR UPDATE SKIP LOCKED

insert into `counters` (`key`, `n`) values ('a', 1), ('b', 2) on duplicate key update `n` = values(`n`), `updated_at` = now(), `touched` = 1

update `users` set `remember_token` = ? where `id` = ?

truncate `cache`

select `id` from `products` where match (`name`, `description`) against ('+green +tea' in boolean mode) limit 20

set names 'utf8mb4' collate 'utf8mb4_unicode_ci'

-- Sequelize, Prisma.
SELECT `User`.`id`, `User`.`name`, `Posts`.`id` AS `Posts.id`, `Posts->Comments`.`id` AS `Posts.Comments.id` FROM `Users` AS `User` LEFT OUTER JOIN `Posts` AS `Posts` ON `User`.`id` = `Posts`.`UserId` LEFT OUTER JOIN `Comments` AS `Posts->Comments` ON `Posts`.`id` = `Posts->Comments`.`PostId` WHERE `User`.`id` = 1

START TRANSACTION;

SELECT `shop`.`User`.`id`, `shop`.`User`.`email` FROM `shop`.`User` WHERE (`shop`.`User`.`id` = ? AND 1=1) LIMIT ? OFFSET ?

SELECT `shop`.`Post`.`id` FROM `shop`.`Post` LEFT JOIN `shop`.`User` AS `j0` ON (`j0`.`id`) = (`shop`.`Post`.`authorId`) WHERE (`j0`.`name` LIKE ? AND (`j0`.`id` IS NOT NULL)) ORDER BY `shop`.`Post`.`id` ASC

SELECT COUNT(*) FROM (SELECT `shop`.`Post`.`id` FROM `shop`.`Post` WHERE 1=1 LIMIT ? OFFSET ?) AS `sub`

-- Entity Framework.
SELECT `p`.`Id`, `p`.`Name`, `t`.`Id`, `t`.`Total` FROM `People` AS `p` LEFT JOIN (SELECT `o`.`Id`, `o`.`Total`, `o`.`PersonId` FROM `Orders` AS `o` WHERE `o`.`Total` > 10.0) AS `t` ON `p`.`Id` = `t`.`PersonId` ORDER BY `p`.`Id`, `t`.`Id`

INSERT INTO `People` (`Name`) VALUES (@p0); SELECT `Id` FROM `People` WHERE ROW_COUNT() = 1 AND `Id` = LAST_INSERT_ID()

UPDATE `People` SET `Name` = @p0 WHERE `Id` = @p1; SELECT ROW_COUNT()

SELECT `p`.`Id` FROM `People` AS `p` WHERE (@__q_0 = '') OR (LOCATE(@__q_0, `p`.`Name`) > 0) LIMIT @__p_1 OFFSET @__p_2

SELECT `sleep`, `benchmark`, sleep.rem FROM `sleep` WHERE `sleep`.`night` = ? AND benchmark > 5

CALL refresh_totals(?, ?)

SELECT v.* FROM (VALUES (1, 'a'), (2, 'b')) v

select nextval(order_seq)

SELECT a.id FROM (a JOIN b ON a.id = b.a_id) LEFT JOIN (c JOIN d ON c.id = d.c_id) ON a.id = c.a_id WHERE a.x = 1

SELECT `o`.`id` FROM { OJ `orders` `o` LEFT OUTER JOIN `customers` `c` ON `o`.`customer_id` = `c`.`id` } WHERE `c`.`id` IS NULL
