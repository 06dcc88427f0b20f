#include "sonobuoy/aggregator-internal.h"

#include "base/text.h"
#include "base/workers.h"
#include "base/yaml.h"
#include "sonobuoy/archive-write.h"
#include "sonobuoy/health.h"
#include "sonobuoy/manifest.h"
#include "sonobuoy/query.h"
#include "sonobuoy/results.h"
#include "sonobuoy/server.h"
#include "sonobuoy/unpack.h"

#include <errno.h>
#include <string.h>

enum {
    CERTIFICATE_DAYS = 30,
    DEFAULT_PORT = 8080,
    LAST_UPLOADS_SECONDS = 10,
    ARCHIVE_GI = 64, /* of one result, unpacked */
};

/* --- files of the run ------------------------------------------------------------------------------- */

static bool write_file(const Run *run, const char *path, const char *text, GError **error) {
    g_autofree char *whole = g_build_filename(run->folder, path, NULL), *folder = g_path_get_dirname(whole);
    if (g_mkdir_with_parents(folder, 0755) == 0)
        return g_file_set_contents(whole, text, -1, error);
    base_error_set_errno(error, errno, "%s cannot be made", folder);
    return false;
}

/* The same for what the archive can do without. */
static void write_or_say(const Run *run, const char *path, const char *text) {
    g_autoptr(GError) failure = NULL;
    if (!write_file(run, path, text, &failure))
        run_log(run->options->log, LOG_ERROR, "%s", failure->message);
}

static bool write_config(const Run *run, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autofree char *text = json_mut_write(run_config_to_json(run->options->config, doc), NULL);
    return write_file(run, "meta/config.json", text, error);
}

static void write_definition(const Run *run, const Running *running) {
    const RunConfig *config = run->options->config;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set(doc, root, "Definition", plugin_to_json(running->plugin, doc));
    json_mut_set_string(doc, root, "SessionID", running->state ? running->state->session : "");
    json_mut_set_string(doc, root, "Namespace", config->namespace_);
    json_mut_set_string(doc, root, "SonobuoyImage", config->worker_image);
    json_mut_set(doc, root, "CleanedUp", yyjson_mut_bool(doc, !running->plugin->skip_cleanup));
    json_mut_set_string(doc, root, "ImagePullPolicy", config->image_pull_policy);
    json_mut_set_string(doc, root, "ImagePullSecrets", config->image_pull_secrets);
    json_mut_set(doc, root, "CustomAnnotations",
                 config->custom_annotations ? yyjson_mut_val_mut_copy(doc, config->custom_annotations)
                                            : yyjson_mut_null(doc));
    g_autofree char *text = json_mut_write(root, NULL);
    g_autofree char *path = g_build_filename("plugins", running->plugin->name, "definition.json", NULL);
    write_or_say(run, path, text);
}

static void write_info(const Run *run) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *names = yyjson_mut_arr(doc);
    for (guint i = 0; i < run->running->len; i++)
        yyjson_mut_arr_add_strcpy(doc, names, ((const Running *)run->running->pdata[i])->plugin->name);
    json_mut_set(doc, root, "plugins", names);
    g_autofree char *text = json_mut_write(root, NULL);
    write_or_say(run, "meta/info.json", text);
}

static void set_phase(const Run *run, RunPhase phase) {
    collection_lock(run->collection)->phase = phase;
    collection_unlock(run->collection);
}

/* --- plugins ------------------------------------------------------------------------------------------------ */

static int compare_order(const void *a, const void *b) {
    const Running *left = *(Running *const *)a, *right = *(Running *const *)b;
    if (left->plugin->order != right->plugin->order)
        return left->plugin->order < right->plugin->order ? -1 : 1;
    return strcmp(left->plugin->name, right->plugin->name);
}

/* Plugins of one order together, one order after the other. */
static void run_plugins(Run *run) {
    g_autoptr(GPtrArray) sorted = g_ptr_array_copy(run->running, NULL, NULL);
    g_ptr_array_set_free_func(sorted, NULL);
    g_ptr_array_sort(sorted, compare_order);
    for (guint first = 0, next; first < sorted->len && !run_is_handed_on(run); first = next) {
        g_autoptr(GPtrArray) group = g_ptr_array_new();
        gint64 order = ((const Running *)sorted->pdata[first])->plugin->order;
        for (next = first; next < sorted->len && ((const Running *)sorted->pdata[next])->plugin->order == order;
             next++) {
            launch_plugin(run, sorted->pdata[next]);
            g_ptr_array_add(group, sorted->pdata[next]);
        }
        monitor_wait(run, group);
    }
}

/* The item of a node below a plugin's; the plugin's own where it runs once. */
static yyjson_mut_val *item_of_node(yyjson_mut_val *root, const char *node) {
    size_t index, count;
    yyjson_mut_val *item;
    if (g_str_equal(node, STATUS_GLOBAL))
        return root;
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(root, "items"), index, count, item) {
        if (g_strcmp0(json_mut_get_string(item, "name"), node) == 0)
            return item;
    }
    return NULL;
}

static void take_results(const Run *run, const char *plugin, yyjson_mut_val *root) {
    RunStatus *status = collection_lock(run->collection);
    for (guint i = 0; i < status->entries->len; i++) {
        StatusEntry *entry = status->entries->pdata[i];
        if (!g_str_equal(entry->plugin, plugin))
            continue;
        yyjson_mut_val *item = item_of_node(root, entry->node);
        const char *result = item ? json_mut_get_string(item, "status") : NULL;
        g_free(entry->result);
        entry->result = g_strdup(result ? result : "failed");
        yyjson_mut_doc_free(entry->counts);
        entry->counts = yyjson_mut_doc_new(NULL);
        yyjson_mut_doc_set_root(entry->counts,
                                item ? results_counts(entry->counts, item) : yyjson_mut_obj(entry->counts));
    }
    collection_unlock(run->collection);
}

static void process_results(const Run *run, const Running *running) {
    const Plugin *plugin = running->plugin;
    g_autofree char *folder = g_build_filename(run->folder, "plugins", plugin->name, NULL);
    ResultsPlugin how = {.name = plugin->name,
                         .format = result_format_parse(plugin->result_format),
                         .files = (const char *const *)plugin->result_files,
                         .by_node = plugin->driver == PLUGIN_DAEMON_SET};
    g_autoptr(GError) failure = NULL;
    if (g_mkdir_with_parents(folder, 0755) != 0)
        run_log(run->options->log, LOG_ERROR, "%s cannot be made: %s", folder, g_strerror(errno));
    g_autoptr(yyjson_mut_doc) doc = results_of_plugin(folder, &how, NULL, &failure);
    if (!doc) {
        run_log(run->options->log, LOG_ERROR, "the results of plugin %s cannot be read: %s", plugin->name,
                failure->message);
        return;
    }
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    g_autofree char *text = yaml_write(root);
    g_autofree char *path = g_build_filename("plugins", plugin->name, "sonobuoy_results.yaml", NULL);
    write_or_say(run, path, text);
    take_results(run, plugin->name, root);
}

/* --- the archive ----------------------------------------------------------------------------------------------- */

static void ask_cluster(const Run *run, Health *health) {
    QueryOptions options = {.client = run->options->client,
                            .config = run->options->config,
                            .folder = run->folder,
                            .on_object = health_take,
                            .on_object_data = health};
    g_autoptr(GError) failure = NULL;
    guint failures = 0;
    run_log(run->options->log, LOG_INFO, "asking the cluster what it is");
    if (!query_run(&options, &failures, &failure))
        run_log(run->options->log, LOG_ERROR, "the cluster cannot be asked: %s", failure->message);
    else if (failures)
        run_log(run->options->log, LOG_WARNING, "%u things could not be had: meta/query-time.json says which",
                failures);
}

static bool make_archive(Run *run, GError **error) {
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(run->state->begun / G_USEC_PER_SEC);
    g_autofree char *stamp = g_date_time_format(time, "%Y%m%d%H%M");
    g_autofree char *name = g_strdup_printf("%s_sonobuoy_%s.tar.gz", stamp, run->options->config->uuid);
    g_autofree char *path = g_build_filename(run->options->folder, name, NULL);
    g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
    ArchiveInfo info;
    if (!archive_write(run->folder, path, left_out, &info, error))
        return false;
    for (guint i = 0; i < left_out->len; i++)
        run_log(run->options->log, LOG_WARNING, "not in the archive: %s", (const char *)left_out->pdata[i]);
    RunStatus *status = collection_lock(run->collection);
    status->tar_name = g_steal_pointer(&name);
    status->tar_created = time_format_nanos(g_get_real_time());
    status->tar_sha256 = g_strdup(info.sha256);
    status->tar_size = info.size;
    status->phase = RUN_COMPLETE;
    run->state->status = run_status_write(status);
    collection_unlock(run->collection);
    run_save(run);
    unpack_remove(run->folder);
    g_autofree char *incoming = result_server_incoming(run->folder);
    unpack_remove(incoming);
    run_log(run->options->log, LOG_INFO, "Results available at %s", path);
    return true;
}

/* All that the annotation may have no room for. */
static void write_status(const Run *run) {
    const RunStatus *status = collection_lock(run->collection);
    g_autofree char *text = run_status_write_all(status);
    collection_unlock(run->collection);
    write_or_say(run, "meta/status.json", text);
}

static bool set_handed_on(GError **error) {
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CANCELLED,
                        "told to end; the next aggregator goes on with the run, on its claim");
    return false;
}

static bool finish(Run *run, GError **error) {
    RunStatus *status = collection_lock(run->collection);
    status->phase = run_status_overall(status);
    collection_unlock(run->collection);
    g_autoptr(Health) health = health_new();
    ask_cluster(run, health);
    if (run_is_handed_on(run))
        return set_handed_on(error);
    run_log(run->options->log, LOG_INFO, "Log lines after this point will not appear in the downloaded tarball.");
    run_log_close(run->options->log);
    launch_clean_up(run);
    for (guint i = 0; i < run->running->len; i++) {
        process_results(run, run->running->pdata[i]);
        write_definition(run, run->running->pdata[i]);
    }
    write_info(run);
    write_status(run);
    g_autoptr(GError) failure = NULL;
    if (!health_write(health, run->folder, &failure))
        run_log(run->options->log, LOG_ERROR, "the cluster's health cannot be told: %s", failure->message);
    return make_archive(run, error);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* "10.0.0.7:8080", "[fd00::7]:8080"; the host alone in `host`. */
static void find_address(RunConfig *config, char **host) {
    const char *ip = g_getenv("SONOBUOY_ADVERTISE_IP");
    if (*config->advertise_address) {
        const char *colon = strrchr(config->advertise_address, ':');
        *host = *config->advertise_address == '['
                    ? g_strndup(config->advertise_address + 1, strcspn(config->advertise_address, "]") - 1)
                : colon ? g_strndup(config->advertise_address, (gsize)(colon - config->advertise_address))
                        : g_strdup(config->advertise_address);
        return;
    }
    *host = g_strdup(ip && *ip ? ip : g_get_host_name());
    g_free(config->advertise_address);
    config->advertise_address = g_strdup_printf(strchr(*host, ':') ? "[%s]:%" G_GINT64_FORMAT : "%s:%" G_GINT64_FORMAT,
                                                *host, config->bind_port ? config->bind_port : DEFAULT_PORT);
}

static ResultServer *start_server(Run *run, const char *host, KeyPair *certificate, Limits *limits, GError **error) {
    const RunConfig *config = run->options->config;
    const char *const hosts[] = {host, NULL};
    *limits = limits_default;
    limits->archive_size = (gint64)ARCHIVE_GI << 30;
    limits->entry_size = 0;
    if (!authority_server(run->authority, hosts, certificate, error))
        return NULL;
    ResultServerOptions options = {
        .address = config->bind_address,
        .port = (guint16)config->bind_port,
        .folder = run->folder,
        .authority = run->authority,
        .certificate = certificate,
        .limits = limits,
        .handler = {collection_expected, collection_received, collection_lost, collection_progress, run->collection},
    };
    return result_server_start(&options, error);
}

/* The authority that the plugins' certificates are of already, where they run; else a new one. */
static bool have_authority(Run *run, GError **error) {
    RunState *state = run->state;
    if (state->authority.key) {
        run->authority = authority_load(&state->authority, CERTIFICATE_DAYS, error);
        return run->authority != NULL;
    }
    run->authority = authority_new(CERTIFICATE_DAYS, error);
    return run->authority && authority_pair(run->authority, &state->authority, error);
}

/* What an aggregator before this one waited for: workers may come with it as soon as somebody listens. */
static void expect_again(const Run *run) {
    for (guint i = 0; i < run->state->plugins->len; i++) {
        const StatePlugin *plugin = run->state->plugins->pdata[i];
        for (char **node = plugin->nodes; *node; node++)
            collection_expect(run->collection, plugin->plugin, *node);
    }
}

static bool run_all(Run *run, const char *host, GError **error) {
    g_auto(KeyPair) certificate = {0};
    Limits limits;
    expect_again(run);
    ResultServer *server = have_authority(run, error) ? start_server(run, host, &certificate, &limits, error) : NULL;
    if (!server)
        return false;
    run_save(run);
    Announcer *announcer = announce_start(run);
    run_log(run->options->log, LOG_INFO, "listening on %s", run->options->config->advertise_address);
    run_plugins(run);
    result_server_stop(server, LAST_UPLOADS_SECONDS);
    bool done = run_is_handed_on(run) ? set_handed_on(error) : finish(run, error);
    if (!done && !run_is_handed_on(run))
        set_phase(run, RUN_FAILED);
    announce_stop(announcer);
    return done;
}

static void running_free(Running *running) {
    plugin_free(running->plugin);
    g_free(running);
}

/* --- going on ------------------------------------------------------------------------------------------------------
 */

/* What an aggregator before this one left, of the same run; NULL where there was none. */
static RunState *state_of_before(const AggregatorOptions *options) {
    const char *uuid = options->config->uuid;
    g_autoptr(GError) failure = NULL;
    g_autoptr(RunState) state = run_state_read(options->folder, &failure);
    if (failure && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        run_log(options->log, LOG_WARNING, "the run begins anew: %s", failure->message);
    return state && (!*uuid || g_str_equal(uuid, state->uuid)) ? g_steal_pointer(&state) : NULL;
}

static void have_state(Run *run) {
    const RunConfig *config = run->options->config;
    run->state = state_of_before(run->options);
    if (!run->state) {
        run->state = run_state_new();
        run->state->uuid = *config->uuid ? g_strdup(config->uuid) : g_uuid_string_random();
        run->state->begun = g_get_real_time();
    }
}

/* Objects of another pod of an aggregator went with it, and the address that their workers know: plugins are started
 * again, for what has not come. */
static void be_pod(Run *run, char *uid) {
    RunState *state = run->state;
    bool other = g_strcmp0(state->pod_uid, uid) != 0;
    if (state->pod_uid && !state->status)
        run_log(run->options->log, LOG_WARNING, "an aggregator was ended before this one; its run goes on%s",
                other ? ", with new pods for what has not come" : "");
    if (other) {
        g_ptr_array_set_size(state->plugins, 0);
        key_pair_clear(&state->authority);
    }
    g_free(state->pod_uid);
    state->pod_uid = uid;
}

/* An API server that is away is waited for: nobody starts this program again as long as it runs. */
static char *find_pod(Run *run, GError **error) {
    for (;;) {
        g_autoptr(GError) failure = NULL;
        char *uid = announce_find_pod(run, &failure);
        if (uid)
            return uid;
        if (!base_error_is_transient(failure) || cancel_is_set(run->options->cancel)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
        run_log(run->options->log, LOG_WARNING, "it is tried again: %s", failure->message);
        g_usleep(G_USEC_PER_SEC);
    }
}

static bool prepare(Run *run, GError **error) {
    const AggregatorOptions *options = run->options;
    RunConfig *config = options->config;
    have_state(run);
    g_free(config->uuid);
    config->uuid = g_strdup(run->state->uuid);
    run->folder = g_build_filename(options->folder, config->uuid, NULL);
    run->collection = collection_new(run->folder, options->log);
    for (guint i = 0; i < options->plugins->len; i++) {
        Running *running = g_new0(Running, 1);
        running->plugin = plugin_copy(options->plugins->pdata[i]);
        g_ptr_array_add(run->running, running);
    }
    char *uid = find_pod(run, error);
    if (!uid)
        return false;
    be_pod(run, uid);
    if (run->state->status)
        return true;
    g_autofree char *log = g_build_filename(run->folder, "meta", "run.log", NULL);
    return write_config(run, error) && run_log_open(options->log, log, error);
}

bool aggregator_run(const AggregatorOptions *options, GError **error) {
    Run run = {.options = options, .running = g_ptr_array_new_with_free_func((GDestroyNotify)running_free)};
    g_autofree char *host = NULL;
    find_address(options->config, &host);
    run.url = g_strdup_printf("https://%s", options->config->advertise_address);
    bool done = prepare(&run, error);
    if (done && run.state->status)
        announce_once(&run, run.state->status);
    else if (done)
        done = run_all(&run, host, error);
    run_log_close(options->log);
    authority_free(run.authority);
    collection_free(run.collection);
    run_state_free(run.state);
    g_ptr_array_unref(run.running);
    g_free(run.folder);
    g_free(run.url);
    g_free(run.pod_name);
    return done;
}
