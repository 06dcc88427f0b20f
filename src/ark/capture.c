#include "ark/capture-internal.h"

static void task_free(void *data) {
    ArkListTask *task = data;
    g_free(task->namespace_);
    g_free(task);
}

void ark_capture_free(ArkCapture *capture) {
    if (!capture)
        return;
    ark_policies_clear(&capture->policies);
    ark_namespace_filter_clear(&capture->namespaces);
    ark_resource_filter_clear(&capture->kinds);
    kube_discovery_free(capture->discovery);
    g_free(capture->revision);
    g_ptr_array_unref(capture->tasks);
    g_ptr_array_unref(capture->namespace_names);
    g_hash_table_unref(capture->namespace_objects);
    g_hash_table_unref(capture->namespace_unread);
    g_hash_table_unref(capture->namespace_chosen);
    g_hash_table_unref(capture->stored);
    g_hash_table_unref(capture->tracked);
    g_ptr_array_unref(capture->related);
    g_hash_table_unref(capture->side_lists);
    pthread_mutex_destroy(&capture->lock);
    g_free(capture);
}

/* A policy's lists of kinds do not go with the old filters. */
static bool read_policies(ArkCapture *capture, GError **error) {
    ArkResourceFilterSpec kinds = ark_filters_resources(&capture->request.spec->filters);
    if (!ark_policies_read(capture->request.policies, &capture->policies, error))
        return false;
    if (!capture->policies.has_kinds || !ark_resource_filter_spec_is_old(&kinds))
        return true;
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "an includeExcludePolicy cannot be used with include-resources, exclude-resources or "
                        "include-cluster-resources; use the cluster-scoped and namespace-scoped filters");
    return false;
}

ArkCapture *ark_capture_new(const ArkCaptureRequest *request, GError **error) {
    g_autoptr(ArkCapture) capture = g_new0(ArkCapture, 1);
    capture->request = *request;
    capture->tasks = g_ptr_array_new_with_free_func(task_free);
    capture->namespace_names = g_ptr_array_new_with_free_func(g_free);
    capture->namespace_objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    capture->namespace_unread = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    capture->namespace_chosen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    capture->stored = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
    capture->tracked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    capture->related = g_ptr_array_new_with_free_func((GDestroyNotify)ark_related_free);
    capture->side_lists = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)yyjson_doc_free);
    pthread_mutex_init(&capture->lock, NULL);
    if (!read_policies(capture, error) || !ark_capture_select(capture, error))
        return NULL;
    return g_steal_pointer(&capture);
}

const char *ark_capture_revision(const ArkCapture *capture) {
    return capture->revision;
}

guint ark_capture_lists(const ArkCapture *capture) {
    return capture->tasks->len;
}

/* --- the consumer's thread -------------------------------------------------------------------- */

typedef struct {
    ArkCapture *capture;
    ArkPageFunc func;
    void *data;
    GError *error; /* read when the thread has ended */
} Consumer;

static void consume(unsigned index, void *data) {
    Consumer *consumer = data;
    for (ArkPage *page; (page = queue_pop(consumer->capture->pages));) {
        /* After a failure the lists end at their next page. */
        if (!consumer->error && !consumer->func(page, consumer->data, &consumer->error))
            queue_close(consumer->capture->pages);
        ark_page_free(page);
    }
}

bool ark_capture_run(ArkCapture *capture, ArkPageFunc func, void *data, GError **error) {
    Consumer consumer = {.capture = capture, .func = func, .data = data};
    capture->pages = queue_new(4, (GDestroyNotify)ark_page_free);
    Workers *thread = workers_start(1, "pages", consume, &consumer);
    ark_capture_list(capture);
    queue_close(capture->pages);
    workers_join(thread);
    g_clear_pointer(&capture->pages, queue_free);
    if (consumer.error) {
        g_propagate_error(error, consumer.error);
        return false;
    }
    return !cancel_check(capture->request.cancel, error);
}
