// database/sql with go-sql-driver/mysql as docs/guides/pools.md sets it up; driven by lines on
// standard input, which tests/support/pools.py tells of.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

var patience time.Duration

func open(address, user, secret string, size int) *sql.DB {
	dsn := fmt.Sprintf("%s:%s@tcp(%s)/shop?timeout=%s", user, secret, address, patience)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxLifetime(30 * time.Minute)
	db.SetConnMaxIdleTime(0)
	return db
}

func ask(db *sql.DB, statement string) (value string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var found sql.NullString
	err = db.QueryRowContext(ctx, statement).Scan(&found)
	return found.String, err
}

func told(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

func load(db *sql.DB, workers int, seconds, pause float64, statement string) {
	var mutex sync.Mutex
	var group sync.WaitGroup
	done, failed, longest, first := 0, 0, int64(0), ""
	until := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for i := 0; i < workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(until) {
				began := time.Now()
				_, err := ask(db, statement)
				mutex.Lock()
				if err == nil {
					done++
				} else if failed++; first == "" {
					first = told(err)
				}
				if spent := time.Since(began).Milliseconds(); spent > longest {
					longest = spent
				}
				mutex.Unlock()
				time.Sleep(time.Duration(pause * float64(time.Second)))
			}
		}()
	}
	group.Wait()
	fmt.Printf("done\t%d\t%d\t%d\t%s\n", done, failed, longest, first)
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	_ = mysql.SetLogger(log.New(io.Discard, "", 0)) // what it notes beside the errors it returns
	var db *sql.DB
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Split(lines.Text(), "\t")
		switch words[0] {
		case "open":
			if db != nil {
				db.Close()
			}
			patience = time.Duration(number(words[6]) * float64(time.Second))
			db = open(words[1]+":"+words[2], words[3], words[4], int(number(words[5])))
			fmt.Println("ok")
		case "ask":
			if value, err := ask(db, words[1]); err != nil {
				fmt.Printf("error\t%s\n", told(err))
			} else {
				fmt.Printf("ok\t%s\n", value)
			}
		case "load":
			load(db, int(number(words[1])), number(words[2]), number(words[3]), words[4])
		}
	}
}
