/* describe, as Velero prints it. */
#include "ark/catalog.h"
#include "ark/cli/common.h"
#include "base/selector.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    Common common;
    bool details;
} Options;

static void line(const char *name, const char *value) {
    text_print(stdout, "%s:%*s%s\n", name, (int)MAX(1, 14 - (int)strlen(name)), "", value && *value ? value : "<none>");
}

static const char *text_of(yyjson_val *value) {
    return yyjson_is_str(value) ? yyjson_get_str(value) : "";
}

static void print_map(const char *name, yyjson_val *map) {
    yyjson_val *key, *value;
    if (yyjson_obj_size(map) == 0)
        line(name, NULL);
    g_autofree char *title = g_strdup_printf("%s:", name);
    const char *head = title;
    json_foreach_member(map, key, value) {
        text_print(stdout, "%-15s%s=%s\n", head, unsafe_yyjson_get_str(key), text_of(value));
        head = "";
    }
}

static char *joined(yyjson_val *array, const char *empty) {
    g_auto(GStrv) texts = g_new0(char *, yyjson_arr_size(array) + 1);
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(array, index, count, value)
        texts[index] = g_strdup(text_of(value));
    return texts[0] ? g_strjoinv(", ", texts) : g_strdup(empty);
}

static void print_pair(const char *title, yyjson_val *includes, yyjson_val *excludes, const char *empty) {
    g_autofree char *in = joined(includes, empty), *out = joined(excludes, "<none>");
    text_print(stdout, "%s:\n  Included:  %s\n  Excluded:  %s\n", title, in, out);
}

static void print_filters(yyjson_val *spec) {
    print_pair("\nNamespaces", json_get(spec, "includedNamespaces"), json_get(spec, "excludedNamespaces"), "*");
    putchar('\n');
    bool scoped =
        json_get(spec, "includedClusterScopedResources") || json_get(spec, "excludedClusterScopedResources") ||
        json_get(spec, "includedNamespaceScopedResources") || json_get(spec, "excludedNamespaceScopedResources");
    if (scoped) {
        print_pair("Cluster-scoped resources", json_get(spec, "includedClusterScopedResources"),
                   json_get(spec, "excludedClusterScopedResources"), "<none>");
        print_pair("Namespace-scoped resources", json_get(spec, "includedNamespaceScopedResources"),
                   json_get(spec, "excludedNamespaceScopedResources"), "*");
    } else {
        print_pair("Resources", json_get(spec, "includedResources"), json_get(spec, "excludedResources"), "*");
        yyjson_val *cluster = json_get(spec, "includeClusterResources");
        text_print(stdout, "  Cluster-scoped:  %s\n",
                   !yyjson_is_bool(cluster)   ? "auto"
                   : yyjson_get_bool(cluster) ? "included"
                                              : "excluded");
    }
    g_autoptr(Selector) selector = selector_from_json(json_get(spec, "labelSelector"), NULL);
    g_autofree char *text = selector ? selector_to_string(selector) : NULL;
    putchar('\n');
    line("Label selector", text);
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(json_get(spec, "orLabelSelectors"), index, count, value) {
        g_autoptr(Selector) one = selector_from_json(value, NULL);
        g_autofree char *one_text = one ? selector_to_string(one) : NULL;
        line("Or label selector", one_text);
    }
    yyjson_val *key;
    const char *head = "\nNamespace mappings:  ";
    json_foreach_member(json_get(spec, "namespaceMapping"), key, value) {
        text_print(stdout, "%s%s -> %s\n", head, unsafe_yyjson_get_str(key), text_of(value));
        head = "                     ";
    }
}

static void print_messages(const char *title, yyjson_val *side) {
    size_t index, count, inner, inner_count;
    yyjson_val *text, *key, *texts;
    if (yyjson_obj_size(side) == 0)
        return;
    text_print(stdout, "\n%s:\n", title);
    static const char *const places[] = {"velero", "cluster"};
    for (int i = 0; i < 2; i++)
        yyjson_arr_foreach(json_get(side, places[i]), index, count, text)
            text_print(stdout, "  %-12s%s\n", i ? "Cluster:" : "Ark:", text_of(text));
    json_foreach_member(json_get(side, "namespaces"), key, texts) {
        yyjson_arr_foreach(texts, inner, inner_count, text)
            text_print(stdout, "  %s:  %s\n", unsafe_yyjson_get_str(key), text_of(text));
    }
}

static bool print_results(Store *store, ArkFile file, const char *name, const Limits *limits, GError **error) {
    size_t length;
    g_autofree char *text = ark_catalog_text(store, file, name, limits, &length, error);
    if (!text)
        return false;
    g_autoptr(yyjson_doc) doc = length ? json_parse(text, length, "the results", error) : NULL;
    if (length && !doc)
        return false;
    print_messages("Errors", json_get(yyjson_doc_get_root(doc), "errors"));
    print_messages("Warnings", json_get(yyjson_doc_get_root(doc), "warnings"));
    return true;
}

static bool print_resource_list(Store *store, ArkFile file, const char *name, const Limits *limits, GError **error) {
    size_t length, inner, inner_count;
    g_autofree char *text = ark_catalog_text(store, file, name, limits, &length, error);
    g_autoptr(yyjson_doc) doc = text && length ? json_parse(text, length, "the resource list", error) : NULL;
    yyjson_val *key, *names, *entry;
    if (!text || (length && !doc))
        return false;
    puts("\nResource List:");
    if (!doc)
        puts("  <none>");
    json_foreach_member(yyjson_doc_get_root(doc), key, names) {
        text_print(stdout, "  %s:\n", unsafe_yyjson_get_str(key));
        yyjson_arr_foreach(names, inner, inner_count, entry)
            text_print(stdout, "    - %s\n", text_of(entry));
    }
    return true;
}

static void print_times(yyjson_val *object) {
    yyjson_val *status = json_get(object, "status");
    putchar('\n');
    line("Started", json_get_string(status, "startTimestamp"));
    line("Completed", json_get_string(status, "completionTimestamp"));
    if (json_get(status, "expiration"))
        line("Expiration", json_get_string(status, "expiration"));
}

static bool describe_backup(Store *store, yyjson_val *object, const Options *options, GError **error) {
    yyjson_val *spec = json_get(object, "spec"), *status = json_get(object, "status");
    const char *name = json_get_string(object, "metadata", "name");
    line("Phase", json_get_string(status, "phase"));
    if (!print_results(store, ARK_FILE_RESULTS, name, &options->common.limits, error))
        return false;
    print_filters(spec);
    putchar('\n');
    line("Storage Location", json_get_string(spec, "storageLocation"));
    line("TTL", json_get_string(spec, "ttl"));
    line("Backup Format Version", json_get_string(status, "formatVersion"));
    const char *revision = json_get_string(object, "metadata", "annotations", "ark.seaworthy.dev/revision");
    if (revision)
        line("Revision", revision);
    print_times(object);
    text_print(stdout,
               "\nTotal items to be backed up:  %" G_GINT64_FORMAT "\nItems backed up:              %" G_GINT64_FORMAT
               "\n",
               json_int(json_get(status, "progress", "totalItems"), 0),
               json_int(json_get(status, "progress", "itemsBackedUp"), 0));
    return !options->details ||
           print_resource_list(store, ARK_FILE_RESOURCE_LIST, name, &options->common.limits, error);
}

static bool describe_restore(Store *store, yyjson_val *object, const Options *options, GError **error) {
    yyjson_val *spec = json_get(object, "spec"), *status = json_get(object, "status");
    const char *name = json_get_string(object, "metadata", "name");
    line("Phase", json_get_string(status, "phase"));
    text_print(stdout,
               "Total items to be restored:  %" G_GINT64_FORMAT "\nItems restored:              %" G_GINT64_FORMAT "\n",
               json_int(json_get(status, "progress", "totalItems"), 0),
               json_int(json_get(status, "progress", "itemsRestored"), 0));
    print_times(object);
    if (!print_results(store, ARK_FILE_RESTORE_RESULTS, name, &options->common.limits, error))
        return false;
    putchar('\n');
    line("Backup", json_get_string(spec, "backupName"));
    print_filters(spec);
    line("Existing Resource Policy", json_get_string(spec, "existingResourcePolicy"));
    yyjson_val *ports = json_get(spec, "preserveNodePorts");
    line("Preserve Service NodePorts", !yyjson_is_bool(ports) ? "auto" : yyjson_get_bool(ports) ? "true" : "false");
    return !options->details ||
           print_resource_list(store, ARK_FILE_RESTORE_RESOURCE_LIST, name, &options->common.limits, error);
}

static int run_describe(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    bool restore = strstr(call->path, " restore ") != NULL;
    g_autoptr(Store) store = cli_store(&options->common, &error);
    for (char **name = call->arguments; store && *name && !error; name++) {
        g_autoptr(yyjson_doc) doc = ark_catalog_named(store, restore ? ARK_RESTORES : ARK_BACKUPS, *name, &error);
        if (!doc)
            break;
        yyjson_val *object = yyjson_doc_get_root(doc);
        line("Name", json_get_string(object, "metadata", "name"));
        line("Namespace", json_get_string(object, "metadata", "namespace"));
        print_map("Labels", json_get(object, "metadata", "labels"));
        print_map("Annotations", json_get(object, "metadata", "annotations"));
        putchar('\n');
        bool ok = (restore ? describe_restore : describe_backup)(store, object, options, &error);
        if (ok && name[1])
            puts("\n---");
    }
    if (!error)
        return EXIT_DONE;
    return program_end(EXIT_FAILED, error);
}

static const Option option_table[] = {
    {.name = "details", .kind = OPTION_FLAG, .offset = offsetof(Options, details), .help = "List every object too."},
    {0},
};
static const Option *const tables[] = {location_options, option_table, limit_options, NULL};

#define DESCRIBE(noun, kind)                                                                                     \
    {                                                                                                            \
        .name = "describe", .arguments = "NAME...", .arguments_min = 1, .arguments_max = -1,                     \
        .summary = "Tell all about a " noun ".",                                                                 \
        .examples = "ark " noun " describe nightly\nark " noun " describe nightly --details", .options = tables, \
        .options_size = sizeof(Options), .run = run_describe, .complete = kind                                   \
    }
const Command backup_describe_command = DESCRIBE("backup", "backups");
const Command restore_describe_command = DESCRIBE("restore", "restores");
