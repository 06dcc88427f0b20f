/* The first process of every pod: holds its namespaces, reaps what is orphaned in them, ends when told to. */
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

int main(void) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    for (int got = 0; sigwait(&wanted, &got) == 0 && got == SIGCHLD;)
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
    return 0;
}
