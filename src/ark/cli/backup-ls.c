/* What is in a backup, and objects of it. */
#include "ark/cli/filters.h"
#include "base/table.h"
#include "base/text.h"
#include "base/yaml.h"

#include <stdio.h>

typedef struct {
    Filters filters;
} Options;

static int failed(GError *error) {
    return program_end(EXIT_FAILED, error);
}

/* --- ls ------------------------------------------------------------------------------------- */

typedef struct {
    bool wide;
    Table *table;         /* or */
    yyjson_mut_doc *list; /* or neither: names, as they come */
    yyjson_mut_val *items;
    guint64 count;
} Listing;

static void add_row(const Listing *listing, const ArkIndexKind *kind, const ArkEntry *entry, yyjson_val *object) {
    const char *created = json_get_string(object, "metadata", "creationTimestamp"),
               *api_version = json_get_string(object, "apiVersion"), *space = entry->namespace_;
    if (!listing->wide) {
        table_add(listing->table, space, kind->group_resource, entry->name, NULL);
        return;
    }
    gint64 at;
    g_autofree char *size = bytes_format((guint64)json_int(json_get(object, "size"), 0));
    g_autofree char *age =
        created && time_parse(created, &at, NULL) ? duration_format_short(g_get_real_time() - at) : NULL;
    table_add(listing->table, space, kind->group_resource, entry->name, api_version, size, age, created, NULL);
}

static void add_item(const Listing *listing, const ArkIndexKind *kind, const ArkEntry *entry, yyjson_val *object) {
    yyjson_mut_doc *doc = listing->list;
    yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, listing->items);
    json_mut_set_string(doc, item, "resource", kind->group_resource);
    cli_set_string(doc, item, "apiVersion", json_get_string(object, "apiVersion"));
    cli_set_string(doc, item, "kind", json_get_string(object, "kind"));
    cli_set_string(doc, item, "namespace", entry->namespace_);
    json_mut_set_string(doc, item, "name", entry->name);
    cli_set_string(doc, item, "creationTimestamp", json_get_string(object, "metadata", "creationTimestamp"));
    if (json_get(object, "size"))
        json_mut_set(doc, item, "size", yyjson_mut_uint(doc, (guint64)json_int(json_get(object, "size"), 0)));
}

static bool list_one(const ArkLook *look, const ArkIndexKind *kind, const ArkEntry *entry, yyjson_val *object,
                     void *data, GError **error) {
    Listing *listing = data;
    listing->count++;
    if (listing->table) {
        add_row(listing, kind, entry, object);
    } else if (listing->list) {
        add_item(listing, kind, entry, object);
    } else {
        g_autofree char *reference = ark_look_reference(kind, entry);
        g_autofree char *shown = text_printable(reference);
        puts(shown);
    }
    return true;
}

static bool list(const Options *options, const char *backup, GError **error) {
    static const char *const heads[] = {"NAMESPACE", "KIND", "NAME", NULL};
    static const char *const wide_heads[] = {"NAMESPACE", "KIND", "NAME",    "API VERSION",
                                             "SIZE",      "AGE",  "CREATED", NULL};
    const char *output = options->filters.common.output;
    bool wide = g_strcmp0(output, "wide") == 0,
         document = g_strcmp0(output, "json") == 0 || g_strcmp0(output, "yaml") == 0;
    ArkFilters filters;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_autoptr(Table) table = table_new(wide ? wide_heads : heads);
    Listing listing = {.wide = wide};
    if (document) {
        listing.list = doc;
        listing.items = yyjson_mut_arr(doc);
    } else if (g_strcmp0(output, "name") != 0) {
        listing.table = table;
    }
    bool ok = cli_read_filters(&options->filters, &filters, error);
    g_autoptr(Store) store = ok ? cli_store(&options->filters.common, error) : NULL;
    g_autoptr(ArkLook) look =
        store ? ark_look_open(store, backup, &filters, ARK_LOOK_FACTS, &options->filters.common.limits, error) : NULL;
    if (look)
        cli_warn_unknown(look);
    ok = look && ark_look_each(look, list_one, &listing, error);
    if (ok && document) {
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        json_mut_set_string(doc, root, "backup", backup);
        json_mut_set(doc, root, "items", listing.items);
        cli_print_object(root, output);
    } else if (ok && listing.table && listing.count > 0) {
        table_print(table, stdout, true);
    } else if (ok && listing.count == 0) {
        fprintf(stderr, "No object of backup %s is asked for by these filters.\n", backup);
    }
    ark_filters_clear(&filters);
    return ok;
}

static int run_ls(const CommandCall *call, void *data) {
    GError *error = NULL;
    return list(data, call->arguments[0], &error) ? EXIT_DONE : failed(error);
}

/* --- cat ----------------------------------------------------------------------------------------- */

/* A JSON List is written piece by piece: only one object is in memory. */
static bool print_json(const ArkLook *look, const GPtrArray *entries, GError **error) {
    bool several = entries->len > 1;
    if (several)
        fputs("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [\n", stdout);
    for (guint i = 0; i < entries->len; i++) {
        g_autoptr(yyjson_doc) doc = ark_index_object(look->index, g_ptr_array_index(entries, i), error);
        if (!doc)
            return false;
        g_autofree char *text = json_write_pretty(yyjson_doc_get_root(doc), NULL);
        g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
        for (char **line = lines; *line; line++)
            printf("%s%s%s\n", several ? "    " : "", *line, !line[1] && several && i + 1 < entries->len ? "," : "");
    }
    if (several)
        fputs("  ]\n}\n", stdout);
    return true;
}

static bool print_yaml(const ArkLook *look, const GPtrArray *entries, GError **error) {
    for (guint i = 0; i < entries->len; i++) {
        g_autoptr(yyjson_doc) doc = ark_index_object(look->index, g_ptr_array_index(entries, i), error);
        g_autoptr(yyjson_mut_doc) copy = doc ? yyjson_doc_mut_copy(doc, NULL) : NULL;
        if (!copy)
            return false;
        g_autofree char *text = yaml_write(yyjson_mut_doc_get_root(copy));
        printf("%s%s", i ? "---\n" : "", text);
    }
    return true;
}

static int run_cat(const CommandCall *call, void *data) {
    const Options *options = data;
    const char *backup = call->arguments[0];
    const char *const *references = (const char *const *)call->arguments + 1;
    GError *error = NULL;
    g_autoptr(Store) store = cli_store(&options->filters.common, &error);
    g_autoptr(ArkLook) look =
        store ? ark_look_open_for(store, backup, references, &options->filters.common.limits, &error) : NULL;
    g_autoptr(GPtrArray) entries = look ? ark_look_find(look, references, &error) : NULL;
    bool json = g_strcmp0(options->filters.common.output, "json") == 0;
    if (entries && (json ? print_json : print_yaml)(look, entries, &error))
        return EXIT_DONE;
    if (entries)
        g_prefix_error(&error, "backup %s is damaged, `ark backup verify %s` tells where: ", backup, backup);
    return failed(error);
}

static const char *const forms[] = {"table", "wide", "json", "yaml", "name", NULL};
static const Option ls_options[] = {OUTPUT_OPTION(forms, NULL), {0}};
static const char *const documents[] = {"yaml", "json", NULL};
static const Option cat_options[] = {
    OUTPUT_OPTION(documents, "yaml"),
    {0},
};
static const Option *const ls_tables[] = {location_options, filter_options, ls_options, limit_options, NULL};
static const Option *const cat_tables[] = {location_options, cat_options, limit_options, NULL};

const Command backup_ls_command = {
    .name = "ls",
    .arguments = "BACKUP",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "List the objects in a backup.",
    .description = "Reads the backup's archive once; no cluster is asked. KIND is resource.group, as the filters and "
                   "'ark backup cat' take it. As with a restore, filters of namespaces leave cluster-scoped objects "
                   "out unless --include-cluster-resources is given.",
    .examples = "ark backup ls nightly --location s3://bucket/prefix\n"
                "ark backup ls nightly --include-namespaces 'shop-*' -o wide\n"
                "ark backup ls nightly --include-resources secrets -l app=web -o name",
    .options = ls_tables,
    .options_size = sizeof(Options),
    .run = run_ls,
    .complete = "backups",
};
const Command backup_cat_command = {
    .name = "cat",
    .arguments = "BACKUP KIND/NAMESPACE/NAME...",
    .arguments_min = 2,
    .arguments_max = -1,
    .summary = "Print objects of a backup as they are stored.",
    .description = "KIND is what people type: deployments.apps, deployment, deploy. Cluster-scoped objects are "
                   "KIND/NAME. Several objects are YAML documents or a JSON List. Where one is missing, nothing is "
                   "printed.",
    .examples = "ark backup cat nightly deploy/shop/web\n"
                "ark backup cat nightly clusterrole/admin configmap/shop/settings -o json\n"
                "ark backup ls nightly -l app=web -o name | xargs ark backup cat nightly",
    .options = cat_tables,
    .options_size = sizeof(Options),
    .run = run_cat,
    .complete = "backups,",
};
