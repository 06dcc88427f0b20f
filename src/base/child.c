#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct {
    pid_t pid;   /* 0: it has ended */
    bool group;  /* it leads a process group of its own */
    int output;  /* its stdout */
    int exit_fd; /* readable when it has ended; -1 on kernels without */
} Running;

static int spawn(const Child *child, Running *running, int out_fd) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (!child->with_person) { /* a group can be ended whole */
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        flags |= POSIX_SPAWN_SETPGROUP;
        running->group = true;
    }
    posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1); /* libcurl's sockets */
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, flags);
    int failed = posix_spawnp(&running->pid, child->words[0], &actions, &attributes, (char *const *)child->words,
                              child->environment ? child->environment : environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

/* Starts it with its output in a pipe; its errors go to our stderr. */
static bool start(const Child *child, Running *out, GError **error) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        base_error_set_errno(error, errno, "%s cannot be started, as there is no pipe for its output", child->words[0]);
        return false;
    }
    *out = (Running){.output = pipes[0], .exit_fd = -1};
    int failed = spawn(child, out, pipes[1]);
    close(pipes[1]);
    if (failed) {
        close(pipes[0]);
        base_error_set_errno(error, failed, "%s cannot be started", child->words[0]);
        return false;
    }
    out->exit_fd = pidfd_open(out->pid, 0);
    return true;
}

/* Reads what is there; 1: go on, 0: the end, -1: it broke. */
static int take(int fd, GString *out) {
    char buffer[4096];
    ssize_t count = read(fd, buffer, sizeof buffer);
    if (count > 0)
        g_string_append_len(out, buffer, count);
    return count > 0 ? 1 : count == 0 ? 0 : errno == EINTR || errno == EAGAIN ? 1 : -1;
}

/* Reads until the program ends, under a deadline and a limit; false when cut, with out_errno where it cannot be read.
 * What it left running may hold the pipe open, and what closed the pipe may run on: its end is what counts. */
static bool listen_to(const Child *child, Running *running, GString *out, int *out_status, int *out_errno) {
    gint64 deadline = g_get_monotonic_time() + child->timeout_s * G_USEC_PER_SEC;
    bool open = true, ended = false;
    while (!ended && g_get_monotonic_time() < deadline && out->len < child->output_max &&
           !cancel_is_set(child->cancel)) {
        struct pollfd fds[] = {{.fd = open ? running->output : -1, .events = POLLIN},
                               {.fd = running->exit_fd, .events = POLLIN},
                               {.fd = cancel_fd(child->cancel), .events = POLLIN}};
        poll(fds, G_N_ELEMENTS(fds), running->exit_fd >= 0 ? 1000 : 50);
        if (fds[0].revents) {
            int got = take(running->output, out);
            if (got < 0) {
                *out_errno = errno;
                return false;
            }
            open = got > 0;
        } else {
            ended = waitpid(running->pid, out_status, WNOHANG) == running->pid;
        }
    }
    if (ended)
        running->pid = 0;
    struct pollfd rest = {.fd = running->output, .events = POLLIN}; /* written between the last look and the end */
    while (ended && open && out->len < child->output_max && poll(&rest, 1, 0) > 0)
        open = take(running->output, out) > 0;
    return ended && out->len < child->output_max;
}

/* Ends what still runs and lets go of it. */
static void end(const Running *running) {
    if (running->pid > 0) {
        kill(running->group ? -running->pid : running->pid, SIGKILL);
        while (waitpid(running->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(running->output);
    if (running->exit_fd >= 0)
        close(running->exit_fd);
}

bool child_run(const Child *child, GString *out, GError **error) {
    Running running;
    int status = 0, read_errno = 0;
    if (!start(child, &running, error))
        return false;
    gsize before = out->len;
    Child limited = *child;
    limited.output_max += before;
    bool whole = listen_to(&limited, &running, out, &status, &read_errno);
    end(&running);
    if (cancel_check(child->cancel, error))
        return false;
    if (whole && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (read_errno) {
        base_error_set_errno(error, read_errno, "%s was ended, as its output cannot be read", child->words[0]);
        return false;
    }
    bool much = out->len >= limited.output_max;
    g_autofree char *how = much                ? g_strdup("said too much")
                           : !whole            ? g_strdup_printf("did not end within %u s", child->timeout_s)
                           : WIFEXITED(status) ? g_strdup_printf("failed with exit status %d", WEXITSTATUS(status))
                                               : g_strdup_printf("was ended by signal %d", WTERMSIG(status));
    g_set_error(error, BASE_ERROR,
                much     ? BASE_ERROR_LIMIT
                : !whole ? BASE_ERROR_TIMEOUT
                         : BASE_ERROR_FAILED,
                "%s %s; what it had to say stands above", child->words[0], how);
    return false;
}
