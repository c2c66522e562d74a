// database/sql with go-sql-driver/mysql, as a program with a pool uses it; prints what it saw as
// JSON lines.
//
// usage: go_client HOST PORT USER PASSWORD DATABASE [refused]
package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

var host, port, user, password, database string

// encryption is the DSN parameter that asks for TLS, where the environment names a CA.
var encryption string

type seen map[string]interface{}

func say(step string, what seen) {
	what["step"] = step
	line, err := json.Marshal(what)
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// open makes a pool; options are the driver's DSN parameters.
func open(as, secret, db, options string) *sql.DB {
	pool, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s:%s)/%s?timeout=20s%s&%s", as, secret, host, port, db, encryption, options))
	must(err)
	return pool
}

// errorOf keeps the server's number and text; the driver drops the sqlstate.
func errorOf(err error) interface{} {
	var fromServer *mysql.MySQLError
	if errors.As(err, &fromServer) {
		return []interface{}{fromServer.Number, fromServer.Message}
	}
	if err != nil {
		return err.Error()
	}
	return nil
}

// rows reads everything as the driver hands it to an interface{}; bytes become text.
func rows(result *sql.Rows, err error) [][]interface{} {
	must(err)
	defer result.Close()
	columns, err := result.Columns()
	must(err)
	var all [][]interface{}
	for result.Next() {
		row, into := make([]interface{}, len(columns)), make([]interface{}, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		must(result.Scan(into...))
		for i := range row {
			if raw, ok := row[i].([]byte); ok {
				row[i] = fmt.Sprintf("%q", raw)
			}
		}
		all = append(all, row)
	}
	must(result.Err())
	return all
}

// believe registers a CA under a name, with the version that the environment asks for.
func believe(name, file string) {
	text, err := os.ReadFile(file)
	must(err)
	authority := x509.NewCertPool()
	authority.AppendCertsFromPEM(text)
	config := &tls.Config{RootCAs: authority, ServerName: host}
	if version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Getenv("HEADGATE_TLS_VERSION")]; version != 0 {
		config.MinVersion, config.MaxVersion = version, version
	}
	must(mysql.RegisterTLSConfig(name, config))
}

func encrypted() {
	pool := open(user, password, database, "")
	defer pool.Close()
	var name, version string
	must(pool.QueryRow("SHOW SESSION STATUS LIKE 'Ssl_version'").Scan(&name, &version))
	say("tls", seen{"server": version[:3]})
	encryption = "&tls=other"
	other := open(user, password, database, "")
	say("tls, another CA", seen{"error": errorOf(other.Ping())})
	encryption = "&tls=test"
}

func logins() {
	pool := open(user, password, database, "")
	defer pool.Close()
	say("connect", seen{"rows": rows(pool.Query("SELECT DATABASE(), CURRENT_USER(), USER(), VERSION()"))})
	for _, login := range [][4]string{{"wrong password", user, password + "x", database}, {"no password", user, "", database},
		{"unknown user", "nobody9", password, database}, {"missing database", user, password, "nowhere"},
		{"database not granted", user, password, "mysql"}} {
		other := open(login[1], login[2], login[3], "")
		say(login[0], seen{"error": errorOf(other.Ping())})
		other.Close()
	}
}

func statements() {
	pool := open(user, password, database, "multiStatements=true&charset=utf8mb4")
	defer pool.Close()
	say("text rows", seen{"rows": rows(pool.Query("SELECT * FROM items ORDER BY id"))})
	say("binary rows", seen{"rows": rows(pool.Query("SELECT * FROM items WHERE id < ? ORDER BY id", 9))})
	body := []byte(strings.Repeat("0123456789abcdef", 131072))
	result, err := pool.Exec("INSERT INTO scratch (id, word, body) VALUES (?, ?, ?)", 5, "q'uote\\ 世界", body)
	must(err)
	changed, _ := result.RowsAffected()
	var back []byte
	must(pool.QueryRow("SELECT body FROM scratch WHERE id = ?", 5).Scan(&back))
	say("two megabytes", seen{"changed": changed, "sha256": fmt.Sprintf("%x", sha256.Sum256(back))})
	_, err = pool.Exec("DELETE FROM scratch")
	must(err)
	several, err := pool.Query("SELECT 1; SELECT 'two'; CALL two_results()")
	must(err)
	var counts []int
	for more := true; more; more = several.NextResultSet() {
		count := 0
		for several.Next() {
			count++
		}
		counts = append(counts, count)
	}
	several.Close()
	say("multi statements", seen{"counts": counts})
	_, err = pool.Exec("SELEC 1")
	_, prepared := pool.Prepare("SELECT * FROM nowhere WHERE id = ?")
	say("errors", seen{"syntax": errorOf(err), "no table, prepared": errorOf(prepared)})
	loadLocal(pool)
}

func loadLocal(pool *sql.DB) {
	var lines strings.Builder
	for i := 1; i <= 100000; i++ {
		fmt.Fprintln(&lines, i)
	}
	file, err := os.CreateTemp("", "headgate")
	must(err)
	defer os.Remove(file.Name())
	_, err = file.WriteString(lines.String())
	must(err)
	file.Close()
	mysql.RegisterLocalFile(file.Name())
	_, err = pool.Exec("LOAD DATA LOCAL INFILE '" + file.Name() + "' INTO TABLE loaded")
	must(err)
	say("load local", seen{"rows": rows(pool.Query("SELECT COUNT(*), SUM(line) FROM loaded"))})
	_, err = pool.Exec("DELETE FROM loaded")
	must(err)
}

// usePool runs many goroutines over ten connections that come and go, with transactions in between.
func usePool() {
	pool := open(user, password, database, "interpolateParams=true")
	defer pool.Close()
	pool.SetMaxOpenConns(10)
	pool.SetMaxIdleConns(3)
	pool.SetConnMaxLifetime(50 * time.Millisecond)
	var group sync.WaitGroup
	var lock sync.Mutex
	sum, failed := 0, 0
	for i := 0; i < 40; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for j := 0; j < 20; j++ {
				transaction, err := pool.Begin()
				value := 0
				if err == nil {
					err = transaction.QueryRow("SELECT ? + ?", i, j).Scan(&value)
					transaction.Commit()
				}
				lock.Lock()
				sum += value
				if err != nil {
					failed++
				}
				lock.Unlock()
			}
		}(i)
	}
	group.Wait()
	say("pool", seen{"sum": sum, "failed": failed})
}

// cancels shows both that a context's end is noticed and that KILL works by text.
func cancels() {
	pool := open(user, password, database, "")
	defer pool.Close()
	limited, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	start := time.Now()
	_, err := pool.ExecContext(limited, "SELECT SLEEP(30)")
	say("context", seen{"error": errorOf(err), "soon": time.Since(start) < 8*time.Second})
	say("after it", seen{"rows": rows(pool.Query("SELECT 1"))})
}

// closed closes the rows of a query that was let through after all.
func closed(result *sql.Rows, err error) error {
	if err == nil {
		result.Close()
	}
	return err
}

// refused runs what the gate has rules against, on one connection that is none the worse for it.
func refused() {
	pool := open(user, password, database, "")
	defer pool.Close()
	background := context.Background()
	connection, err := pool.Conn(background)
	must(err)
	id := func() (id int) {
		must(connection.QueryRowContext(background, "SELECT CONNECTION_ID()").Scan(&id))
		return
	}
	before := id()
	report := func(step string, err error) {
		say(step, seen{"error": errorOf(err), "same": id() == before})
	}
	text := "SELECT name AS refused FROM items WHERE id = "
	_, err = connection.ExecContext(background, text+"1")
	report("text", err)
	report("prepared", closed(connection.QueryContext(background, text+"?", 1)))
	statement, err := connection.PrepareContext(background, "SELECT name AS refused_later FROM items WHERE id = ?")
	must(err)
	for i := 0; i < 2; i++ {
		report("executed", closed(statement.Query(1)))
	}
}

func main() {
	host, port, user, password, database = os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	mysql.SetLogger(quiet{})
	authority := os.Getenv("HEADGATE_TLS_CA")
	if authority != "" {
		believe("test", authority)
		believe("other", authority+".other")
		encryption = "&tls=test"
	}
	if len(os.Args) > 6 && os.Args[6] == "refused" {
		refused()
		return
	}
	logins()
	if authority != "" {
		encrypted()
	}
	statements()
	usePool()
	cancels()
}

type quiet struct{}

func (quiet) Print(...interface{}) {}
