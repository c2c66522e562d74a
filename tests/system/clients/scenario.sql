-- What every client program of this folder finds: one database, three accounts, a table with one
-- column of each kind that clients decode differently. Runs as root on a fresh private server.
SET NAMES utf8mb4;
DROP DATABASE IF EXISTS stock;
DROP DATABASE IF EXISTS stock2;
DROP USER IF EXISTS carol@'%', other@'%', edward@'%';
CREATE DATABASE stock CHARACTER SET utf8mb4;
CREATE DATABASE stock2 CHARACTER SET utf8mb4;
CREATE USER carol@'%' IDENTIFIED BY 'secret-carol';
CREATE USER other@'%' IDENTIFIED BY 'secret-other';
CREATE USER edward@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret-edward');
GRANT ALL ON stock.* TO carol@'%', other@'%', edward@'%';
GRANT ALL ON stock2.* TO carol@'%', other@'%';
GRANT ALL ON nowhere.* TO carol@'%';
USE stock;
CREATE TABLE items (
  id INT UNSIGNED PRIMARY KEY, name VARCHAR(100), price DECIMAL(10, 2), ratio DOUBLE, made DATETIME(3),
  seen DATE, lasted TIME, flags BIT(9), kind ENUM('a', 'b'), note TEXT, blobby BLOB, big BIGINT);
INSERT INTO items VALUES
  (1, 'plain', 12.50, 0.25, '2024-02-29 12:34:56.789', '2024-02-29', '11:22:33', b'100000001', 'a',
   'one', x'000102fffe', 9223372036854775807),
  (2, 'Grüße, 世界 🌍', -0.01, -1e100, '1970-01-01 00:00:01.000', '1999-12-31', '-00:00:01', b'0', 'b',
   '', '', -1),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE scratch (id INT PRIMARY KEY AUTO_INCREMENT, word VARCHAR(200), body LONGBLOB);
CREATE TABLE loaded (line LONGBLOB);
DELIMITER //
CREATE PROCEDURE two_results() BEGIN SELECT 1 AS one; SELECT 'b' AS two, 3 AS three; END//
DELIMITER ;
