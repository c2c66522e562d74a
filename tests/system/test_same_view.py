#!/usr/bin/python3
"""The gate reads a statement as the server does: what a rule forbids is not passed by another
spelling of it.

Each spelling is sent to the server directly first, to see whether it does what is forbidden: it
takes a lock by GET_LOCK, which everybody can ask after. Those that do must not through the gate.

KNOWN is how many do, at MariaDB 10.11. What no spelling of a call can show is in
docs/threat-model.md.
"""
import contextlib
import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from statements import MULTI_STATEMENTS, packets

KNOWN = 0
CALL = b"GET_LOCK('%', 0)"  # the spelling's number stands for %
UTF8MB4, GBK, SJIS, BIG5, CP932 = 45, 28, 13, 1, 95
LATIN1, CP1250, HEBREW, LATIN7, CP850, CP866, HP8, MACROMAN, SWE7 = 8, 26, 16, 41, 4, 36, 6, 39, 10

# What may stand before and behind a call, and between its words.
BLANKS = (b" ", b"\t", b"\n", b"\r\n", b"\v", b"\f", b"\xa0", b"\0", b"/**/", b"/* ' */",
          b"/* \" */", b"/* ` */", b"-- '\n", b"--\t\"\n", b"--\n", b"# '\n", b"#`\r", b"/*!*/", b"/*!99999 ' */",
          b"/*!999999 ' */", b"/*M!999999 \" */", b"/*/*/", b"/*//*/", b"/* /* */", b"--\x01'\n",
          b"--\x7f'\n", b"--\0'\n")
WRAPPED = (
    b"@", b"/*!@*/", b"/*!50000@*/", b"/*!50000 @*/", b"/*!050000 @*/", b"/*!100000@*/", b"/*!101100 @*/",
    b"/*!50799 @*/", b"/*!50700 @*/", b"/*!80000 @*/", b"/*!99999 @*/", b"/*!999999 @*/", b"/*M!@*/",
    b"/*M! @*/", b"/*M!100000 @*/", b"/*M!101199 @*/", b"/*M!999999 @*/", b"/*m!@*/", b"/*M @*/",
    b"/*!5000 @*/", b"/*!500000 @*/", b"/*!5000000 @*/", b"/*! /* ' */ @ */", b"/*!99999 ' */@/*' */", b"/*!99999 /* */ @ -- */",
    b"/*!99999 /* x */ ' */ @ -- '", b"/*!50000 1 */ + @", b"/* */@/* */", b"/* /* */@ -- */",
    b"/*!/* */@*/", b"/*!100000 ' */ -- ', @ */", b"/*M!50700 ' */ -- ', @ */", b"/*!99999/*/*/*/@", b"/*!999999/**/ ' */@", b"/*! 1, /*!@*/", b"/*!101000/*!999999 */ ' */ -- ', @*/",
    b"/*!50700 ' */ @ -- '", b"/*+ ' */ @ -- '", b"1 */* ' */ @ -- '", b"1 --@", b"1 -- @", b"1 --\t@", b"1 # @", b"1 #\n+@", b"1 -- \n+@", b"1 --\r+@",
    b"1 -- \r+@", b"1 #\r+@", b"1 --\0+@\n", b"1 --\x0b+@\n", b"1--@", b"'' '/*' = @ -- '*/'",
    b"'/*', @, '*/'", b"\"/*\", @, \"*/\"", b"`/*`, @ FROM (SELECT 1 AS `/*`) t -- `*/",
    b"'a\\'', @ -- '", b"'a\\\\', @ -- '", b"'a''', @ -- '", b"\"a\"\"\", @ -- \"", b"'\"', @, '\"'",
    b"\"'\", @, \"'\"", b"N'a', @", b"N'\\'', @ -- '", b"n'/*', @, '*/'", b"_utf8'x', @", b"_gbk'\xbf\\', @ -- '",
    b"_binary'\\', @ -- '", b"_sjis'\x83\\', @ -- '", b"_big5'\xa5\\', @ -- '", b"x'41', @", b"X'', @",
    b"b'1', @", b"0x41, @", b"'\\z', @", b"'\0', @, '", b"'\0', @, '\0'", b"1e1, @", b"1e, @", b"1.e1, @",
    b".5, @", b"1.@", b"@@version, @", b"@@`version`, @", b"@`a'b`, @, @`a'b`", b"@'a\"', @, @'\"'",
    b"@\"'\", @, @\"'\"", b"@a:='/*', @, '*/'", b"{d '2020-01-01'}, @", b"{ts '2020-01-01'} = @",
    b"{x @}", b"(((@)))", b"- @", b"!@", b"~@", b"NOT @", b"CASE WHEN @ THEN 1 END", b"IF(1, @, 2)",
    b"(SELECT @)", b"(SELECT (@) FROM DUAL WHERE '/*' <> '*/')", b"EXISTS(SELECT @)", b"1 IN (@)",
    b"1 BETWEEN @ AND 2", b"COALESCE(@)", b"1 FROM (SELECT @) t", b"1 FROM DUAL WHERE @",
    b"1 FROM DUAL HAVING @", b"1 FROM items ORDER BY @ LIMIT 1", b"1 FROM items GROUP BY @ LIMIT 1",
    b"1 UNION SELECT @", b"JSON_VALUE('{}', '$'), @", b"'$.\"a', @, '\"'",
)
NAMES = (
    b"GET_LOCK('%',0)", b"get_lock('%',0)", b"gEt_LoCk ('%',0)", b"GET_LOCK/**/('%',0)", b"`GET_LOCK`('%',0)",
    b"`get_lock` ('%',0)", b"GET_LOCK\0('%',0)", b"/*!GET_LOCK*/('%',0)", b"GET_LOCK/*!(*/'%',0)",
    b"GET_LOCK('%'/*!,0*/)", b"/*!50000GET_LOCK*//*!('%',0)*/", b"/*!GET*/_LOCK('%',0)", b"GET_LOCK--\n('%',0)",
    b"GET_LOCK-- \n('%',0)", b"GET_LOCK#\n('%',0)", b"mariadb_schema.GET_LOCK('%',0)", b"mariadb_schema.`get_lock`('%',0)",
    b"`mariadb_schema`.`GET_LOCK`('%',0)", b"mariadb_schema . GET_LOCK ('%',0)", b"oracle_schema.GET_LOCK('%',0)",
    b"maxdb_schema.get_lock('%',0)", b"MARIADB_SCHEMA/**/./**/GET_LOCK('%',0)", b"mysql.GET_LOCK('%',0)",
    b"sys.get_lock('%',0)", b"shop.GET_LOCK('%',0)", b".GET_LOCK('%',0)", b"\"GET_LOCK\"('%',0)",
    b"GET_LOCK(CONCAT('%'),0)", b"GET_LOCK('%',0.0)", b"GET_LOCK(_utf8'%',0)", b"GET_LOCK(('%'),(0))",
    b"G\xc3\x8bT_LOCK('%',0)", b"\xef\xbb\xbfGET_LOCK('%',0)",
)
STATEMENTS = (
    b"SELECT @", b"DO @", b"SET @a = @", b"(SELECT @)", b"((SELECT @))", b"VALUES (@)", b"WITH c AS (SELECT @) SELECT * FROM c",
    b"SELECT 1; SELECT @", b"SELECT 1;;SELECT @", b";SELECT @", b"SELECT ';'; DO @", b"SELECT 1 /* ; */; DO @",
    b"SELECT '; -- '; DO @", b"BEGIN; DO @; COMMIT", b"DELIMITER", b"SELECT @;", b"SELECT @\0", b"SELECT @;\0 x", b"SELECT @; -- '",
    b"EXPLAIN SELECT @", b"EXPLAIN FORMAT=JSON SELECT @", b"ANALYZE SELECT @", b"ANALYZE FORMAT=JSON SELECT @", b"DESC SELECT @",
    b"SET STATEMENT max_statement_time=9 FOR SELECT @", b"SET STATEMENT sql_mode='ANSI_QUOTES' FOR SELECT @",
    b"SHOW TABLES WHERE @", b"SHOW STATUS WHERE @", b"SHOW DATABASES WHERE @", b"KILL @",
    b"HANDLER items OPEN; HANDLER items READ FIRST WHERE @", b"UPDATE items SET stock = stock + 0 * @ WHERE id = 1",
    b"DELETE FROM items WHERE id = -1 OR (id = 1 AND @ = 5)", b"INSERT INTO items VALUES (-@, '', 0)",
    b"REPLACE INTO items VALUES (-@ - 5, '', 0)", b"CREATE TEMPORARY TABLE tt AS SELECT @ AS a", b"IF @ THEN DO 1; END IF",
    b"BEGIN NOT ATOMIC DO @; END", b"CASE @ WHEN 1 THEN DO 1; ELSE DO 2; END CASE", b"EXECUTE IMMEDIATE \"DO @\"",
    b"PREPARE s FROM \"DO @\"; EXECUTE s", b"SELECT 1 INTO @b FROM DUAL WHERE @", b"CALL (@)", b"SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = @",
    b"LOAD DATA LOCAL INFILE 'x' INTO TABLE items SET stock = @", b"SELECT SQL_NO_CACHE @", b"SELECT DISTINCT @", b"SELECT ALL @", b"SELECT STRAIGHT_JOIN @",
    b"TABLE items", b"RETURN @", b"PURGE BINARY LOGS BEFORE @", b"ALTER TABLE items PARTITION BY HASH (@)",
)
# (what the session was told first, the spelling, the login's charset)
FOOLED = [b"'\xbf\\', @ -- '", b"'\xbf\\\\', @ -- '", b"'\x83\\', @ -- '", b"'\xa5\\', @ -- '",
          b"\"\xbf\\\", @ -- \"", b"'\\', @ -- '", b"\"'\", @, \"'\"", b"\"\\\", @ -- \"", b"'\"', @, \"'\"",
          b"`\xbf\\`, @ -- `", b"\"a'\", @ FROM (SELECT 1 AS \"a'\") t -- '", b"'\xbf', @, '\xbf'", b"'\\'\\', @ -- '",
          b"1 [a'b], @, 2 [c'd]", b"1 [a]]'b], @, 2 [c'd]", b"1 [a\"b], @, 2 [c\"d]", b"1 [/*], @, 2 [*/]"]
TOLD = [
    (),
    (b"SET NAMES gbk",), (b"SET NAMES 'gbk'",), (b"SET NAMES \"gbk\" COLLATE gbk_bin",), (b"set names gbk;",), (b"SET NAMES sjis",), (b"SET NAMES cp932",),
    (b"SET NAMES big5",), (b"SET CHARACTER SET gbk",), (b"SET CHARSET gbk",), (b"SET CHAR SET gbk",), (b"SET character_set_client=gbk",),
    (b"SET SESSION character_set_client='gbk'",), (b"SET LOCAL character_set_client='gbk'",), (b"SET @@character_set_client=28",), (b"SET @@session.character_set_client:=gbk",),
    (b"SET @@local.`character_set_client`=gbk",), (b"SET @a=1, NAMES gbk",), (b"SET character_set_client=CONCAT('g','bk')",),
    (b"SET @c='gbk', character_set_client=@c",), (b"SET @c='gbk'", b"SET character_set_client=@c"), (b"SET character_set_client=0x67626B",), (b"SET character_set_client=(SELECT 'gbk')",),
    (b"SET /*! NAMES */ gbk",), (b"/*!50000 SET NAMES gbk */",), (b"/*M! SET*/ NAMES gbk",), (b"SELECT 1; SET NAMES gbk",), (b"SET NAMES gbk; SELECT 1",), (b"SET NAMES utf8; SET NAMES gbk",),
    (b"BEGIN NOT ATOMIC SET NAMES gbk; END",), (b"IF 1 THEN SET NAMES gbk; END IF",), (b"EXECUTE IMMEDIATE 'SET NAMES gbk'",), (b"PREPARE s FROM 'SET NAMES gbk'", b"EXECUTE s"),
    (b"CALL shop.to_gbk()",), (b"CALL shop.to_nobackslash()",), (b"CALL shop.to_ansi()",), (b"SELECT shop.f_gbk()",), (b"SET STATEMENT character_set_client=gbk FOR SELECT 1",),
    (b"SET GLOBAL character_set_client=gbk",), (b"SET sql_mode='NO_BACKSLASH_ESCAPES'",), (b"SET sql_mode='ANSI_QUOTES'",), (b"SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",),
    (b"SET sql_mode='ORACLE'",), (b"SET sql_mode='MSSQL'",), (b"SET sql_mode='MSSQL', @a=(SELECT 1 UNION SELECT 2)",), (b"SET @@sql_mode=CONCAT(@@sql_mode,',ANSI')",), (b"SET sql_mode=4",), (b"SET sql_mode=1048576",), (b"SET STATEMENT sql_mode='ANSI_QUOTES' FOR SELECT 1",),
    (b"SET NAMES gbk", b"SET NAMES DEFAULT"), (b"SET NAMES gbk", b"SET character_set_client=DEFAULT"), (b"SET NAMES gbk", b"SET NAMES nosuch"), (b"SET NAMES gbk", b"\x1f"),
    (b"SET NAMES gbk", b"SET @@character_set_client=@@global.character_set_client"), (b"SET @old=@@character_set_client, character_set_client=gbk", b"SET character_set_client=@old"),
    (b"SET sql_mode='NO_BACKSLASH_ESCAPES'; SET sql_mode=''",), (b"SET sql_mode='ANSI'", b"\x1f"), (b"SET SESSION sql_mode=DEFAULT",), (b"SET NAMES gbk, sql_mode='ANSI_QUOTES'",),
    (b"SET sql_mode='IGNORE_SPACE'",), (b"SET SQL_MODE=MYSQL40",), (b"SET sql_mode='NO_BACKSLASH_ESCAPES'", b"SELECT nosuch"), (b"SET sql_mode='NO_BACKSLASH_ESCAPES'", b"PREPARE s FROM '('"),
    (b"SET character_set_client=BINARY 'gbk'",), (b"SET character_set_client=27+1",), (b"SET @utf8='gbk'", b"SET character_set_client=@'utf8'"), (b"SET character_set_client=1052",),
    (b"l: BEGIN NOT ATOMIC SET NAMES gbk; END",), (b"`l` : LOOP SET NAMES gbk; LEAVE l; END LOOP",), (b"FOR i IN 1..1 DO SET NAMES gbk; END FOR",), (b"WHILE @@character_set_client<>'gbk' DO SET NAMES gbk; END WHILE",),
    (b"CASE 1 WHEN 1 THEN SET NAMES gbk; END CASE",), (b"SET sql_mode=ORACLE", b"BEGIN SET NAMES gbk; END"), (b"/*!99999 SET NAMES latin1 */; SET NAMES gbk", b"/*!99999 SET NAMES latin1 */"),
    (b"SET sql_mode='NO_BACKSLASH_ESCAPES', @a=(SELECT 1 UNION SELECT 2)",), (b"SET sql_mode='ANSI_QUOTES', @a=(SELECT 1 UNION SELECT 2)", b"DO nosuch"),
    (b"SET character_set_client=gbk, @a=(SELECT 1 UNION SELECT 2)",), (b"BEGIN NOT ATOMIC SET NAMES gbk; SIGNAL SQLSTATE '45000'; END",), (b"BEGIN NOT ATOMIC SET sql_mode='NO_BACKSLASH_ESCAPES'; SIGNAL SQLSTATE '45000'; END",),
    (b"SET NAMES gbk; DO nosuch",), (b"SET sql_mode='NO_BACKSLASH_ESCAPES'; DO nosuch",), (b"DO 1; SET sql_mode='ANSI_QUOTES'; DO nosuch",), (b"SET GLOBAL binlog_cache_size=32768, character_set_client=gbk",),
]
JOINED = [b"SET sql_mode='MSSQL'; SELECT ", b"SET STATEMENT sql_mode='MSSQL' FOR SELECT ", b"SET NAMES gbk; SELECT ", b"SET sql_mode='NO_BACKSLASH_ESCAPES'; SELECT ", b"SET sql_mode='ANSI_QUOTES'; SELECT ",
          b"SET character_set_client='big5'; SELECT ", b"CALL shop.to_gbk(); SELECT ", b"EXECUTE IMMEDIATE 'SET NAMES gbk'; SELECT ",
          b"BEGIN NOT ATOMIC SET NAMES gbk; END; SELECT ", b"SET STATEMENT sql_mode='NO_BACKSLASH_ESCAPES' FOR SELECT ", b"SET STATEMENT sql_mode='ANSI_QUOTES' FOR SELECT ",
          b"SET sql_mode='ANSI_QUOTES'; SELECT \"'\"; SET sql_mode='NO_BACKSLASH_ESCAPES'; SELECT '\"', ", b"IF 1 THEN SET NAMES gbk; DO '\xbf\\''; END IF; SELECT ",
          b"CREATE OR REPLACE FUNCTION shop.f_one() RETURNS INT RETURN 1; SET NAMES gbk; SELECT ", b"BEGIN NOT ATOMIC SET sql_mode='ANSI_QUOTES'; DO '\\'\"'; END; SELECT ",
          b"SET NAMES gbk, sql_mode='NO_BACKSLASH_ESCAPES'; SELECT ", b"/*!50000 SET sql_mode='NO_BACKSLASH_ESCAPES' */; SELECT ", b"SELECT /*!99999 ' */ 1; SET NAMES gbk; SELECT ",
          b"PREPARE s FROM 'SET NAMES gbk'; EXECUTE s; SELECT ", b"BEGIN NOT ATOMIC SET NAMES gbk; END; DO 1; SELECT "]
# In character sets of one byte: X stands for each byte that is a blank or a control in one of them.
ONE_BYTE = [b"1 --X /*\n, @ --X */", b"1 --X '\n, @ --X '", b"1 --X `\n, @ AS `--X `", b"1X, @", b"@aX, @", b"@aXUNION SELECT @", b"1 \xc3XUNION SELECT @",
            b"1Xx'\\'', @ -- '", b"GET_LOCKX('%', 0)", b"mariadb_schema.XGET_LOCK('%', 0)", b"mariadb_schemaX.GET_LOCK('%', 0)"]
BYTES = (b"\xa0", b"\xff", b"\x80", b"\x98", b"\xfd", b"\x81", b"\xb1", b"\xcb")
ROUTINES = ("CREATE OR REPLACE PROCEDURE shop.to_gbk() SET NAMES gbk",
            "CREATE OR REPLACE PROCEDURE shop.to_nobackslash() SET sql_mode='NO_BACKSLASH_ESCAPES'",
            "CREATE OR REPLACE PROCEDURE shop.to_ansi() SET sql_mode='ANSI_QUOTES'",
            "CREATE OR REPLACE FUNCTION shop.f_gbk() RETURNS INT BEGIN SET character_set_client=gbk; RETURN 1; END")


def spellings():
    """(told, statement, charset of the login)"""
    for blank in BLANKS:
        for form in (b"SELECT_1,_@", b"SELECT_GET_LOCK_('%', 0)", b"_SELECT GET_LOCK(_'%'_,_0_)_"):
            yield (), form.replace(b"GET_LOCK", b"GET\x02LOCK").replace(b"_", blank).replace(b"\x02", b"_"), UTF8MB4
    for wrapped in WRAPPED:
        yield (), b"SELECT " + wrapped, UTF8MB4
        yield (), b"DO " + wrapped, UTF8MB4
    for name in NAMES:
        yield (), b"SELECT " + name, UTF8MB4
        yield (b"SET sql_mode='ANSI_QUOTES,IGNORE_SPACE'",), b"DO " + name, UTF8MB4
    for statement in STATEMENTS:
        yield (), statement, UTF8MB4
    for told, fooled in itertools.product(TOLD, FOOLED):
        yield told, b"SELECT " + fooled, UTF8MB4
    for joined, fooled in itertools.product(JOINED, FOOLED):
        yield (), joined + fooled, UTF8MB4
    for form, byte in itertools.product(ONE_BYTE, BYTES):
        statement = b"SELECT " + form.replace(b"X", byte)
        for charset in (LATIN1, CP1250, HEBREW, LATIN7, CP850, CP866, HP8, MACROMAN, SWE7):
            yield (), statement, charset
        for name in (b"latin1", b"cp1250", b"cp866"):
            yield (b"SET NAMES " + name,), statement, UTF8MB4
            yield (b"SET @c='" + name + b"', character_set_client=@c",), statement, UTF8MB4
    for charset, fooled in itertools.product((GBK, SJIS, BIG5, CP932, 1024 + GBK & 255), FOOLED):
        yield (), b"SELECT " + fooled, charset


class Client(wire.Blocking):

    def __init__(self, address, charset):
        super().__init__(address, timeout=10)
        greeting = self.greeting()
        payload = bytearray(wire.login_payload("weak", wire.scramble("weak-secret", greeting.salt), "shop",
                                               wire.CAPABILITIES | MULTI_STATEMENTS | 1 << 17))
        payload[8] = charset
        self.send(1, bytes(payload))
        self.auth("weak-secret")

    def say(self, command):
        """True where all of it was answered without an error."""
        self.sock.sendall(packets(command))
        more, columns = True, 0
        while more:
            payload = self.read()[1]
            if payload[:1] == b"\xff":
                return False
            if payload[:1] == b"\xfb":
                self.send(2, b"")  # no file
                continue
            if payload[:1] == b"\0":
                at = 1
                for _ in range(2):  # lenenc: small ones here, but for one of eight bytes
                    at += {0xfc: 3, 0xfd: 4, 0xfe: 9}.get(payload[at], 1)
                more = payload[at] & 8
                continue
            columns = 0
            while columns < 2:
                payload = self.read()[1]
                if payload[:1] == b"\xff":
                    return False
                columns += payload[:1] == b"\xfe" and len(payload) < 9
            more = payload[3] & 8
        return True


def asks(told):
    return [one if one == b"\x1f" else b"\x03" + one for one in told]


class SameView(scenario.Scenario):

    def takes(self, address, name, told, statement, charset):
        """Whether the lock of that name is held after it."""
        with Client(address, charset) as client, contextlib.suppress(EOFError, TimeoutError):
            for one in asks(told):
                client.say(one)
            client.say(b"\x03" + statement)
            held = self.db.query("SELECT IS_USED_LOCK(%s)", name)[0][0]
            return held is not None
        return False

    def test_no_other_spelling_passes(self):
        for routine in ROUTINES:
            self.db.query(routine)
        rule = {"name": "no locks", "trait": ["get_lock"], "action": "refuse"}
        gate = self.start_gate(self.config(rule=[rule], login={"rate": "off"}, source={"enforce": False}))
        done = passed = refused = 0
        through = []
        for number, (told, form, charset) in enumerate(spellings()):
            name, other = f"direct{number}", f"lock{number}"
            statement = form.replace(b"@@", b"\1").replace(b"@", CALL) if b"%" not in form else form
            for kept in (b"a:=", b"a", b"b", b"`a'b`", b"'a\"'", b"'\"'", b"\"'\""):
                statement = statement.replace(CALL + kept, b"@" + kept)
            statement = statement.replace(b"\1", b"@@")
            if not self.takes(self.db.address, name, told, statement.replace(b"%", name.encode()), charset):
                passed += 1
                continue
            done += 1
            if self.takes(gate.address, other, told, statement.replace(b"%", other.encode()), charset):
                through.append((told, statement, charset))
            else:
                refused += 1
        self.figures("spellings", f"{done} take the lock, {refused} of them refused; "
                                  f"{passed} take none")
        self.assertGreater(done, 300)
        self.assertLessEqual(len(through), KNOWN, "\n".join(map(str, through)))


if __name__ == "__main__":
    scenario.main()
