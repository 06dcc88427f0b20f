#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct Cancel {
    atomic_int references;
    atomic_bool set;
    int fd;
    Cancel *parent; /* a reference */
    int either;     /* with a parent: readable when this one or the parent is set */
};

Cancel *cancel_new(void) {
    Cancel *cancel = g_new0(Cancel, 1);
    atomic_init(&cancel->references, 1);
    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel->fd < 0)
        g_error("no event descriptor is to be had: %s", g_strerror(errno));
    cancel->either = -1;
    return cancel;
}

static void watch(int either, int fd) {
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(either, EPOLL_CTL_ADD, fd, &event) != 0)
        g_error("an event descriptor cannot be watched: %s", g_strerror(errno));
}

Cancel *cancel_new_child(Cancel *parent) {
    Cancel *cancel = cancel_new();
    if (!parent)
        return cancel;
    cancel->parent = cancel_ref(parent);
    cancel->either = epoll_create1(EPOLL_CLOEXEC);
    if (cancel->either < 0)
        g_error("no event descriptor is to be had: %s", g_strerror(errno));
    watch(cancel->either, cancel->fd);
    watch(cancel->either, cancel_fd(parent));
    return cancel;
}

Cancel *cancel_ref(Cancel *cancel) {
    if (cancel)
        atomic_fetch_add(&cancel->references, 1);
    return cancel;
}

void cancel_unref(Cancel *cancel) {
    if (!cancel || atomic_fetch_sub(&cancel->references, 1) != 1)
        return;
    close(cancel->fd);
    if (cancel->parent) {
        close(cancel->either);
        cancel_unref(cancel->parent);
    }
    g_free(cancel);
}

void cancel_set(Cancel *cancel) {
    int saved = errno;
    atomic_store(&cancel->set, true);
    guint64 one = 1;
    /* A full counter is readable all the same. */
    ssize_t written = write(cancel->fd, &one, sizeof one);
    (void)written;
    errno = saved;
}

bool cancel_is_set(const Cancel *cancel) {
    for (; cancel; cancel = cancel->parent)
        if (atomic_load(&cancel->set))
            return true;
    return false;
}

int cancel_fd(const Cancel *cancel) {
    return !cancel ? -1 : cancel->parent ? cancel->either : cancel->fd;
}

bool cancel_check(const Cancel *cancel, GError **error) {
    if (!cancel_is_set(cancel))
        return false;
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CANCELLED, "cancelled");
    return true;
}

bool cancel_sleep(Cancel *cancel, gint64 microseconds, GError **error) {
    gint64 end = g_get_monotonic_time() + microseconds;
    for (;;) {
        if (cancel_check(cancel, error))
            return false;
        gint64 left = end - g_get_monotonic_time();
        if (left <= 0)
            return true;
        struct pollfd descriptor = {.fd = cancel_fd(cancel), .events = POLLIN};
        poll(&descriptor, cancel ? 1 : 0, (int)MIN(left / 1000 + 1, G_MAXINT));
    }
}
