/* get, logs and delete, for backups and restores alike. */
#include "ark/catalog.h"
#include "ark/cli/common.h"
#include "base/table.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    Common common;
    char *selector;
    bool all, confirm;
} Options;

static bool is_restore(const CommandCall *call) {
    return strstr(call->path, " restore ") != NULL;
}

/* Objects of those names whose labels match. In a listing of all, one that cannot be read is told of and keeps none of
 * the others back; `out_unread` counts them. */
static GPtrArray *objects_of(const CommandCall *call, const Options *options, Store *store, ArkCatalogKind kind,
                             guint *out_unread, GError **error) {
    g_autoptr(Selector) selector = selector_parse(options->selector ? options->selector : "", error);
    if (!selector && error)
        (*error)->code = BASE_ERROR_USAGE;
    g_autoptr(GPtrArray) names = selector ? cli_names(call, store, kind, error) : NULL;
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free);
    for (guint i = 0; names && i < names->len; i++) {
        g_autoptr(GError) failure = NULL;
        yyjson_doc *doc = ark_catalog_named(store, kind, g_ptr_array_index(names, i), &failure);
        if (doc && selector_matches(selector, json_get(yyjson_doc_get_root(doc), "metadata", "labels"))) {
            g_ptr_array_add(objects, doc);
        } else if (doc) {
            yyjson_doc_free(doc);
        } else if (!call->arguments[0] && g_error_matches(failure, BASE_ERROR, BASE_ERROR_CORRUPT)) {
            program_fail(failure);
            ++*out_unread;
        } else {
            g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
    }
    return names ? g_steal_pointer(&objects) : NULL;
}

static char *count_text(yyjson_val *number) {
    return g_strdup_printf("%" G_GINT64_FORMAT, json_int(number, 0));
}

static char *expires_text(yyjson_val *object) {
    const char *text = json_get_string(object, "status", "expiration");
    gint64 at;
    if (!text || !time_parse(text, &at, NULL))
        return g_strdup("n/a");
    gint64 left = at - g_get_real_time();
    g_autofree char *distance = duration_format_short(left < 0 ? -left : left);
    return left < 0 ? g_strdup_printf("%s ago", distance) : g_steal_pointer(&distance);
}

static const char *or_none(const char *text) {
    return text && *text ? text : "<none>";
}

/* The last two cells are printed by a wide table only. */
static void add_row(Table *table, yyjson_val *object, bool restore) {
    g_autofree char *errors = count_text(json_get(object, "status", "errors")),
                    *warnings = count_text(json_get(object, "status", "warnings"));
    g_autoptr(Selector) selector = selector_from_json(json_get(object, "spec", "labelSelector"), NULL);
    g_autofree char *selected = selector ? selector_to_string(selector) : NULL;
    const char *name = json_get_string(object, "metadata", "name"),
               *phase = or_none(json_get_string(object, "status", "phase"));
    const char *started = or_none(json_get_string(object, "status", "startTimestamp")),
               *completed = or_none(json_get_string(object, "status", "completionTimestamp"));
    g_autofree char *expires = expires_text(object),
                    *objects =
                        count_text(json_get(object, "status", "progress", restore ? "itemsRestored" : "itemsBackedUp"));
    const char *backup_cells[] = {name,
                                  phase,
                                  errors,
                                  warnings,
                                  started,
                                  expires,
                                  or_none(json_get_string(object, "spec", "storageLocation")),
                                  or_none(selected),
                                  completed,
                                  objects};
    const char *restore_cells[] = {name,
                                   or_none(json_get_string(object, "spec", "backupName")),
                                   phase,
                                   started,
                                   completed,
                                   errors,
                                   warnings,
                                   or_none(selected),
                                   or_none(json_get_string(object, "spec", "existingResourcePolicy")),
                                   objects};
    table_add_row(table, restore ? restore_cells : backup_cells);
}

static void print_objects(const GPtrArray *objects, const char *output, bool restore) {
    enum { COLUMNS = 8, WIDE_COLUMNS = 10 };
    static const char *const all_heads[][WIDE_COLUMNS] = {
        {"NAME", "STATUS", "ERRORS", "WARNINGS", "CREATED", "EXPIRES", "STORAGE LOCATION", "SELECTOR", "COMPLETED",
         "OBJECTS"},
        {"NAME", "BACKUP", "STATUS", "STARTED", "COMPLETED", "ERRORS", "WARNINGS", "SELECTOR", "EXISTING", "OBJECTS"}};
    const char *heads[WIDE_COLUMNS + 1] = {NULL};
    memcpy(heads, all_heads[restore], (g_strcmp0(output, "wide") == 0 ? WIDE_COLUMNS : COLUMNS) * sizeof *heads);
    g_autoptr(yyjson_mut_doc) list = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(list), *items = yyjson_mut_arr(list);
    g_autoptr(Table) table = table_new(heads);
    for (guint i = 0; i < objects->len; i++) {
        yyjson_val *object = yyjson_doc_get_root(g_ptr_array_index(objects, i));
        add_row(table, object, restore);
        yyjson_mut_arr_append(items, yyjson_val_mut_copy(list, object));
        if (g_strcmp0(output, "name") == 0)
            text_print(stdout, "%s/%s\n", restore ? "restore.velero.io" : "backup.velero.io",
                       json_get_string(object, "metadata", "name"));
    }
    if (g_strcmp0(output, "name") == 0)
        return;
    if (g_strcmp0(output, "json") != 0 && g_strcmp0(output, "yaml") != 0) {
        table_colour(table, restore ? 2 : 1);
        table_print(table, stdout, true);
        return;
    }
    json_mut_set_string(list, root, "apiVersion", "velero.io/v1");
    json_mut_set_string(list, root, "kind", restore ? "RestoreList" : "BackupList");
    json_mut_set(list, root, "items", items);
    cli_print_object(objects->len == 1 ? yyjson_mut_arr_get_first(items) : root, output);
}

static int run_get(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(Store) store = cli_store(&options->common, &error);
    guint unread = 0;
    ArkCatalogKind kind = is_restore(call) ? ARK_RESTORES : ARK_BACKUPS;
    g_autoptr(GPtrArray) objects = store ? objects_of(call, options, store, kind, &unread, &error) : NULL;
    if (objects && objects->len == 0 && !unread && !options->common.output)
        fprintf(stderr, "There are no %s%s in %s.\n", is_restore(call) ? "restores" : "backups",
                options->selector ? " with these labels" : "", store_url(store));
    else if (objects)
        print_objects(objects, options->common.output, is_restore(call));
    return program_end(unread ? EXIT_PARTLY : EXIT_DONE, error);
}

/* Whole lines at a time, so that no character is cut; a line without end is cut somewhere. */
static bool print_log(Source *source, GError **error) {
    enum { CHUNK = 64 * 1024, LINE_MAX_BYTES = 1 << 20 };
    g_autoptr(GString) pending = g_string_new(NULL);
    g_autofree char *chunk = g_malloc(CHUNK);
    gssize count;
    while ((count = source_read(source, chunk, CHUNK, error)) > 0) {
        for (gssize i = 0; i < count; i++) /* would end the text */
            chunk[i] = chunk[i] ? chunk[i] : '?';
        g_string_append_len(pending, chunk, count);
        const char *last = memrchr(pending->str, '\n', pending->len);
        gsize whole = last ? (gsize)(last + 1 - pending->str) : pending->len > LINE_MAX_BYTES ? pending->len : 0;
        text_print(stdout, "%.*s", (int)whole, pending->str);
        g_string_erase(pending, 0, (gssize)whole);
    }
    text_print(stdout, "%s", pending->str);
    return count == 0;
}

static int run_logs(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    bool restore = is_restore(call);
    const char *name = call->arguments[0], *noun = restore ? "restore" : "backup";
    ArkFile file = restore ? ARK_FILE_RESTORE_LOG : ARK_FILE_LOG;
    g_autoptr(Store) store = cli_store(&options->common, &error);
    g_autoptr(yyjson_doc) object =
        store ? ark_catalog_named(store, restore ? ARK_RESTORES : ARK_BACKUPS, name, &error) : NULL;
    g_autoptr(Source) log = object ? ark_catalog_open(store, file, name, &options->common.limits, &error) : NULL;
    if (object && g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_clear_error(&error);
        g_set_error(&error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "%s %s has no log in %s; `ark %s describe %s` tells how it ended", noun, name, store_url(store),
                    noun, name);
    }
    if (log && !print_log(log, &error))
        g_prefix_error(&error, "the log of %s %s in %s: ", noun, name, store_url(store));
    return program_end(EXIT_DONE, error);
}

static bool confirmed(const GPtrArray *names, const char *noun) {
    g_autoptr(GString) question = g_string_new(NULL);
    g_string_printf(question, "Delete %u %s%s for good?", names->len, noun, names->len == 1 ? "" : "s");
    for (guint i = 0; i < names->len && i < 10; i++)
        g_string_append_printf(question, " %s", (const char *)g_ptr_array_index(names, i));
    return cli_confirmed(question->str);
}

/* What is to be deleted, char *: by labels, or those that are named, readable or not. */
static GPtrArray *doomed(const CommandCall *call, const Options *options, Store *store, ArkCatalogKind kind,
                         GError **error) {
    guint unread = 0;
    if (!options->selector) {
        g_autoptr(GPtrArray) names = cli_names(call, store, kind, error);
        for (guint i = 0; names && i < names->len; i++) {
            g_autoptr(GError) failure = NULL;
            g_autoptr(yyjson_doc) object = ark_catalog_named(store, kind, g_ptr_array_index(names, i), &failure);
            if (!object && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_CORRUPT)) {
                g_propagate_error(error, g_steal_pointer(&failure));
                return NULL;
            }
        }
        return g_steal_pointer(&names);
    }
    g_autoptr(GPtrArray) objects = objects_of(call, options, store, kind, &unread, error);
    if (!objects)
        return NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < objects->len; i++)
        g_ptr_array_add(
            names, g_strdup(json_get_string(yyjson_doc_get_root(g_ptr_array_index(objects, i)), "metadata", "name")));
    return names;
}

static int run_delete(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    ArkCatalogKind kind = is_restore(call) ? ARK_RESTORES : ARK_BACKUPS;
    const char *noun = is_restore(call) ? "restore" : "backup";
    bool named = call->arguments[0] != NULL;
    if (named == (options->all || options->selector)) {
        fprintf(stderr, "%s: %s\nRun '%s --help' for the options.\n", call->path,
                named ? "give names, or --selector or --all, not both"
                      : "name what to delete, or give --selector or --all",
                call->path);
        return EXIT_USAGE;
    }
    g_autoptr(Store) store = cli_store(&options->common, &error);
    g_autoptr(GPtrArray) names = store ? doomed(call, options, store, kind, &error) : NULL;
    if (names && names->len > 0 && !options->confirm && !confirmed(names, noun))
        return EXIT_FAILED;
    if (names && names->len == 0)
        fprintf(stderr, "There are no %ss%s in %s.\n", noun, options->selector ? " with these labels" : "",
                store_url(store));
    for (guint i = 0; names && !error && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (ark_catalog_delete(store, kind, name, &error))
            text_print(stdout, "%s %s deleted\n", noun, name);
    }
    return program_end(EXIT_DONE, error);
}

static const char *const forms[] = {"table", "wide", "json", "yaml", "name", NULL};
static const Option get_options[] = {
    OUTPUT_OPTION(forms, NULL),
    {.name = "selector",
     .letter = 'l',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, selector),
     .value = "LABELS",
     .help = "Only those with these labels."},
    {0},
};
static const Option delete_options[] = {
    {.name = "selector",
     .letter = 'l',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, selector),
     .value = "LABELS",
     .help = "Those with these labels."},
    {.name = "all", .kind = OPTION_FLAG, .offset = offsetof(Options, all), .help = "All there are."},
    {.name = "confirm", .kind = OPTION_FLAG, .offset = offsetof(Options, confirm), .help = "Do not ask."},
    {0},
};

static const Option *const get_tables[] = {location_options, get_options, NULL};
static const Option *const logs_tables[] = {location_options, limit_options, NULL};
static const Option *const delete_tables[] = {location_options, delete_options, NULL};

#define GET(noun, kind)                                                                                               \
    {                                                                                                                 \
        .name = "get", .arguments = "[NAME...]", .arguments_max = -1, .summary = "List the " noun "s of a location.", \
        .examples = "ark " noun " get --location file:///backups\nark " noun " get nightly -o yaml",                  \
        .options = get_tables, .options_size = sizeof(Options), .run = run_get, .complete = kind                      \
    }
#define LOGS(noun, kind)                                                                                       \
    {                                                                                                          \
        .name = "logs", .arguments = "NAME", .arguments_min = 1, .arguments_max = 1,                           \
        .summary = "Print the log of a " noun ".", .examples = "ark " noun " logs nightly | grep level=error", \
        .options = logs_tables, .options_size = sizeof(Options), .run = run_logs, .complete = kind             \
    }
#define DELETE(noun, kind)                                                                                 \
    {                                                                                                      \
        .name = "delete", .arguments = "[NAME...]", .arguments_max = -1,                                   \
        .summary = "Delete " noun "s from a location.",                                                    \
        .examples = "ark " noun " delete nightly-1 nightly-2\nark " noun " delete -l team=shop --confirm", \
        .options = delete_tables, .options_size = sizeof(Options), .run = run_delete, .complete = kind     \
    }

const Command backup_get_command = GET("backup", "backups");
const Command restore_get_command = GET("restore", "restores");
const Command backup_logs_command = LOGS("backup", "backups");
const Command restore_logs_command = LOGS("restore", "restores");
const Command backup_delete_command = DELETE("backup", "backups");
const Command restore_delete_command = DELETE("restore", "restores");
