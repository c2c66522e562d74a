// Threads begun while one of these is there have no signal delivered to them: signals belong to the
// composition root, which waits for them in one place.
//
// Threads: the one that makes it, whose own mask is as before at its end. Lifetime: a scope.
#pragma once

#include <csignal>

namespace headgate::net {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace headgate::net
