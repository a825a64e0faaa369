// app.go: sends a mail with Go's net/smtp as programs do: SendMail takes STARTTLS where it is offered, and checks the
// certificate for the name that it was given. Prints one line: sent, or what went wrong.
package main

import (
	"fmt"
	"net/smtp"
	"os"
)

func main() {
	err := smtp.SendMail(os.Args[1]+":25", nil, "alice@lan.example", []string{"user@app.example"},
		[]byte("Subject: lab\r\n\r\ncanary-app-go\r\n"))
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	fmt.Println("sent")
}
