/* Threads and the bounded queue between them.
 *
 * POSIX threads and not GLib's: ThreadSanitizer sees into these. */
#pragma once

#include "base/cancel.h"

/* --- a bounded first-in first-out queue of pointers ------------------------ */

typedef struct Queue Queue;

/* `capacity` items at most; `item_free` may be NULL and is called on items left
 * behind when the queue is freed. */
Queue *queue_new(size_t capacity, GDestroyNotify item_free);
void queue_free(Queue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Queue, queue_free)

/* Blocks while full. Takes the item over on true. False when the queue was closed. */
bool queue_push(Queue *queue, void *item) G_GNUC_WARN_UNUSED_RESULT;

/* Blocks while empty. NULL when the queue is closed and drained. */
void *queue_pop(Queue *queue);

/* No more pushes; pops drain what is there, then return NULL. Idempotent. */
void queue_close(Queue *queue);

/* --- a fixed pool of threads ----------------------------------------------- */

typedef struct Workers Workers;
typedef void (*WorkerFunc)(unsigned index, void *data);

/* Starts `count` threads that each call func(index, data) once; func loops over
 * a queue. workers_join() waits for all and frees the pool. */
Workers *workers_start(unsigned count, const char *name, WorkerFunc func, void *data);
void workers_join(Workers *workers);
