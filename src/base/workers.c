#include "base/workers.h"

#include <pthread.h>

struct Queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    void **items; /* a ring */
    size_t capacity;
    size_t head;
    size_t count;
    bool closed;
    GDestroyNotify item_free;
};

Queue *queue_new(size_t capacity, GDestroyNotify item_free) {
    Queue *queue = g_new0(Queue, 1);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->not_empty, NULL);
    pthread_cond_init(&queue->not_full, NULL);
    queue->capacity = MAX(capacity, 1);
    queue->items = g_new0(void *, queue->capacity);
    queue->item_free = item_free;
    return queue;
}

void queue_free(Queue *queue) {
    if (!queue)
        return;
    for (; queue->count > 0; queue->count--) {
        if (queue->item_free)
            queue->item_free(queue->items[queue->head]);
        queue->head = (queue->head + 1) % queue->capacity;
    }
    pthread_cond_destroy(&queue->not_full);
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->lock);
    g_free(queue->items);
    g_free(queue);
}

bool queue_push(Queue *queue, void *item) {
    pthread_mutex_lock(&queue->lock);
    while (queue->count == queue->capacity && !queue->closed)
        pthread_cond_wait(&queue->not_full, &queue->lock);
    bool taken = !queue->closed;
    if (taken) {
        queue->items[(queue->head + queue->count) % queue->capacity] = item;
        queue->count++;
        pthread_cond_signal(&queue->not_empty);
    }
    pthread_mutex_unlock(&queue->lock);
    return taken;
}

void *queue_pop(Queue *queue) {
    void *item = NULL;
    pthread_mutex_lock(&queue->lock);
    while (queue->count == 0 && !queue->closed)
        pthread_cond_wait(&queue->not_empty, &queue->lock);
    if (queue->count > 0) {
        item = queue->items[queue->head];
        queue->head = (queue->head + 1) % queue->capacity;
        queue->count--;
        pthread_cond_signal(&queue->not_full);
    }
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void queue_close(Queue *queue) {
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->not_empty);
    pthread_cond_broadcast(&queue->not_full);
    pthread_mutex_unlock(&queue->lock);
}

typedef struct {
    Workers *pool;
    pthread_t thread;
    unsigned index;
} Worker;

struct Workers {
    WorkerFunc func;
    void *data;
    char *name;
    unsigned count;
    Worker workers[];
};

static void *worker_main(void *data) {
    Worker *worker = data;
    pthread_setname_np(pthread_self(), worker->pool->name);
    worker->pool->func(worker->index, worker->pool->data);
    return NULL;
}

Workers *workers_start(unsigned count, const char *name, WorkerFunc func, void *data) {
    /* GLib makes a lock at the first error of a process, in a way that ThreadSanitizer does not see: now, not in two
     * threads at once. */
    g_error_free(g_error_new_literal(BASE_ERROR, BASE_ERROR_FAILED, ""));
    Workers *pool = g_malloc0(sizeof *pool + count * sizeof(Worker));
    pool->func = func;
    pool->data = data;
    pool->name = g_strndup(name, 15); /* the kernel's limit */
    pool->count = count;
    for (unsigned i = 0; i < count; i++) {
        Worker *worker = &pool->workers[i];
        *worker = (Worker){.pool = pool, .index = i};
        int failed = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (failed)
            g_error("no thread can be started: %s", g_strerror(failed));
    }
    return pool;
}

void workers_join(Workers *pool) {
    if (!pool)
        return;
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->workers[i].thread, NULL);
    g_free(pool->name);
    g_free(pool);
}
