/* The reader of watch events, for tests and fuzzers too. */
#pragma once

#include "kube/watch.h"

enum { KUBE_WATCH_EVENT_MAX = 64 * 1024 * 1024 };

typedef struct {
    const char *name; /* of the kind, for messages */
    KubeWatchFunc func;
    void *data;
    GByteArray *line; /* the event that is still coming in */
    char *revision;   /* of the last event */
    bool seen;        /* an event came by this request */
    bool done;        /* func has had enough */
    bool gone;        /* the revision expired */
    GError *failure;  /* of func, or of an event */
} KubeWatchReader;

/* Splits the stream into lines, an event each. False where no more is wanted: done, or failed.
 * An HttpBodyFunc. */
bool kube_watch_take(const void *data, size_t length, void *reader, GError **error);
