/* A location: whether it does what it is needed for, and what is in it. */
#include "ark/cli/common.h"
#include "ark/inventory.h"
#include "ark/layout.h"
#include "base/table.h"
#include "base/text.h"
#include "store/check.h"

#include <stdio.h>

typedef struct {
    Common common;
    bool read_only;
} Options;

static Store *open_location(const CommandCall *call, const Options *options, bool may_be_new, GError **error) {
    Common common = options->common;
    const char *url = call->arguments[0];
    if (url && common.location && !g_str_equal(url, common.location)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "two locations are given: %s and --location; leave one out",
                    url);
        return NULL;
    }
    if (url)
        common.location = (char *)url;
    return may_be_new ? cli_new_store(&common, error) : cli_store(&common, error);
}

static bool is_document(const Options *options) {
    return g_strcmp0(options->common.output, "table") != 0;
}

/* --- check ----------------------------------------------------------------------------------------- */

typedef struct {
    Table *table;
    yyjson_mut_doc *doc;
    yyjson_mut_val *steps;
    Progress *progress;
    bool failed;
} Report;

static char *took_text(gint64 us) {
    if (us < 9950)
        return g_strdup_printf("%.1f ms", (double)us / 1000);
    if (us < 999500)
        return g_strdup_printf("%.0f ms", (double)us / 1000);
    return g_strdup_printf("%.1f s", (double)us / G_USEC_PER_SEC);
}

static void add_step(const StoreCheckStep *step, void *data) {
    Report *report = data;
    const char *word = store_check_word(step->outcome);
    bool skipped = step->outcome == STORE_CHECK_SKIPPED;
    g_autofree char *took = skipped ? g_strdup("") : took_text(step->took_us);
    report->failed |= step->outcome == STORE_CHECK_FAILED;
    progress_add(report->progress, 1, 0);
    table_add(report->table, step->name, word, took, step->detail, NULL);
    if (step->remedy) {
        g_autofree char *mend = g_strdup_printf("-> %s", step->remedy);
        table_add(report->table, "", "", "", mend, NULL);
    }
    yyjson_mut_val *item = yyjson_mut_arr_add_obj(report->doc, report->steps);
    json_mut_set_string(report->doc, item, "name", step->name);
    json_mut_set_string(report->doc, item, "result", word);
    if (!skipped)
        json_mut_set(report->doc, item, "milliseconds", yyjson_mut_int(report->doc, (step->took_us + 500) / 1000));
    json_mut_set_string(report->doc, item, "detail", step->detail);
    cli_set_string(report->doc, item, "remedy", step->remedy);
}

/* What else a stock Velero wants: no folders that it does not know. */
static void check_folders(Store *store, Report *report) {
    gint64 start = g_get_monotonic_time();
    g_autoptr(GPtrArray) strangers = ark_inventory_strangers(store, NULL);
    if (!strangers) /* that it can be listed was a step before */
        return;
    bool strange = strangers->len > 0;
    g_autofree char *detail =
        strange
            ? g_strdup_printf("a stock Velero refuses a location with other folders than its own: %s%s",
                              (const char *)g_ptr_array_index(strangers, 0), strangers->len > 1 ? ", and others" : "")
            : g_strdup("none that a stock Velero would refuse");
    StoreCheckStep step = {.name = "folders",
                           .outcome = strange ? STORE_CHECK_WARNING : STORE_CHECK_OK,
                           .took_us = g_get_monotonic_time() - start,
                           .detail = detail,
                           .remedy = strange ? "use a prefix, or a bucket, of its own for backups" : NULL};
    add_step(&step, report);
}

static void print_report(const Options *options, Store *store, Report *report) {
    if (!is_document(options)) {
        table_print(report->table, stdout, true);
        return;
    }
    yyjson_mut_val *root = yyjson_mut_obj(report->doc);
    json_mut_set_string(report->doc, root, "location", store_url(store));
    json_mut_set_string(report->doc, root, "result", report->failed ? "failed" : "ok");
    json_mut_set(report->doc, root, "steps", report->steps);
    cli_print_object(root, options->common.output);
}

static int run_check(const CommandCall *call, void *data) {
    static const char *const heads[] = {"STEP", "RESULT", "TOOK", "WHAT", NULL};
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(Store) store = open_location(call, options, true, &error);
    if (!store)
        return program_end(EXIT_FAILED, error);
    StoreCheckOptions check = {.read_only = options->read_only, .folder = ARK_BACKUPS_DIR};
    g_autoptr(Table) table = table_new(heads);
    table_colour(table, 1);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    Report report = {.table = table, .doc = doc, .steps = yyjson_mut_arr(doc)};
    report.progress = cli_progress(&options->common, "Checking");
    bool ok = store_check(store, &check, add_step, &report, &error);
    if (ok && !report.failed)
        check_folders(store, &report);
    progress_stop(report.progress);
    print_report(options, store, &report);
    return program_end(report.failed ? EXIT_FAILED : EXIT_DONE, error);
}

/* --- get ---------------------------------------------------------------------------------------------- */

static char *expiry_text(gint64 at) {
    if (!at)
        return g_strdup("never expires");
    gint64 left = at - g_get_real_time();
    g_autofree char *distance = duration_format_short(left < 0 ? -left : left);
    return left < 0 ? g_strdup_printf("expired %s ago", distance) : g_strdup_printf("expires in %s", distance);
}

static void add_backup_row(Table *table, const char *head, const ArkInventoryBackup *backup) {
    if (!backup->name)
        return;
    g_autofree char *started = time_format(backup->started_at), *expiry = expiry_text(backup->expires_at);
    g_autofree char *text = g_strdup_printf("%s, %s, %s, %s", backup->name, *backup->phase ? backup->phase : "no phase",
                                            backup->started_at ? started : "no start", expiry);
    table_add(table, head, text, NULL);
}

/* Nothing where there are none. */
static void add_names_row(Table *table, const char *head, const GPtrArray *names, const char *meaning) {
    enum { SHOWN = 10 };
    if (names->len == 0)
        return;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%u (%s):", names->len, meaning);
    for (guint i = 0; i < MIN(names->len, SHOWN); i++)
        g_string_append_printf(text, " %s", (const char *)g_ptr_array_index(names, i));
    if (names->len > SHOWN)
        g_string_append(text, " ...");
    table_add(table, head, text->str, NULL);
    g_string_free(text, TRUE);
}

static void print_inventory(Store *store, const ArkInventory *inventory) {
    static const char *const heads[] = {"", "", NULL};
    g_autoptr(Table) table = table_new(heads);
    g_autofree char *bytes = bytes_format(inventory->bytes);
    g_autofree char *size = g_strdup_printf("%s in %" G_GUINT64_FORMAT " files", bytes, inventory->files);
    g_autofree char *backups = g_strdup_printf("%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " of them expired",
                                               inventory->backups, inventory->expired);
    g_autofree char *restores = g_strdup_printf("%" G_GUINT64_FORMAT, inventory->restores);
    table_add(table, "Location:", store_url(store), NULL);
    table_add(table, "Backups:", backups, NULL);
    add_backup_row(table, "Newest:", &inventory->newest);
    add_backup_row(table, "Oldest:", &inventory->oldest);
    table_add(table, "Restores:", restores, NULL);
    table_add(table, "Size:", size, NULL);
    add_names_row(table, "Unfinished:", inventory->unfinished,
                  "without velero-backup.json: being written, or cut off: 'ark gc' deletes them in time");
    add_names_row(table, "Unreadable:", inventory->unreadable, "`ark backup describe` says why");
    add_names_row(table, "Unknown folders:", inventory->strangers,
                  "a stock Velero refuses a location with other folders than its own");
    table_print(table, stdout, false);
}

static void set_count(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, guint64 number) {
    json_mut_set(doc, object, key, yyjson_mut_uint(doc, number));
}

static void set_names(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const GPtrArray *names) {
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    for (guint i = 0; i < names->len; i++)
        yyjson_mut_arr_add_strcpy(doc, array, g_ptr_array_index(names, i));
    json_mut_set(doc, object, key, array);
}

static void set_backup(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const ArkInventoryBackup *backup) {
    if (!backup->name)
        return;
    yyjson_mut_val *item = json_mut_ensure_object(doc, object, key);
    g_autofree char *started = time_format(backup->started_at), *expires = time_format(backup->expires_at);
    json_mut_set_string(doc, item, "name", backup->name);
    cli_set_string(doc, item, "phase", backup->phase);
    cli_set_string(doc, item, "startTimestamp", backup->started_at ? started : NULL);
    cli_set_string(doc, item, "expiration", backup->expires_at ? expires : NULL);
}

static void print_document(Store *store, const ArkInventory *inventory, const char *output) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set_string(doc, root, "location", store_url(store));
    set_count(doc, root, "backups", inventory->backups);
    set_count(doc, root, "expired", inventory->expired);
    set_count(doc, root, "restores", inventory->restores);
    set_count(doc, root, "files", inventory->files);
    set_count(doc, root, "bytes", inventory->bytes);
    set_backup(doc, root, "newest", &inventory->newest);
    set_backup(doc, root, "oldest", &inventory->oldest);
    set_names(doc, root, "unfinished", inventory->unfinished);
    set_names(doc, root, "unreadable", inventory->unreadable);
    set_names(doc, root, "unknownFolders", inventory->strangers);
    cli_print_object(root, output);
}

static int run_get(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    ArkInventory inventory = {0};
    g_autoptr(Store) store = open_location(call, options, false, &error);
    g_autoptr(Progress) progress = cli_progress(&options->common, "Counting");
    bool ok = store && ark_inventory_take(store, &inventory, &error);
    progress_stop(g_steal_pointer(&progress));
    if (ok && is_document(options))
        print_document(store, &inventory, options->common.output);
    else if (ok)
        print_inventory(store, &inventory);
    int code = ok && inventory.unreadable->len > 0 ? EXIT_PARTLY : EXIT_DONE;
    ark_inventory_clear(&inventory);
    return program_end(code, error);
}

/* --- tables ----------------------------------------------------------------------------------------------- */

static const char *const forms[] = {"table", "json", "yaml", NULL};
static const Option check_options[] = {
    {.name = "read-only",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, read_only),
     .help = "Write nothing: try only what is needed to read backups."},
    {0},
};
static const Option print_options[] = {
    OUTPUT_OPTION(forms, "table"),
    QUIET_OPTION("Show no progress."),
    {0},
};
static const Option *const check_tables[] = {location_options, check_options, print_options, NULL};
static const Option *const get_tables[] = {location_options, print_options, NULL};

const Command location_check_command = {
    .name = "check",
    .arguments = "[URL]",
    .arguments_max = 1,
    .summary = "Try whether a location does all that backups need.",
    .description =
        "Tries the way there (address, clock, credentials, region) and each right that ark and a stock Velero need, "
        "one after the other, and says for each what was found and, where it failed, what to do about it. For that, an "
        "object backups/ark-check-... is written and removed again, also on an interrupt.\n"
        "A warning is of what works for ark, but not well, or not for a stock Velero.\n"
        "With --read-only nothing is written, and an object that is there is read. A restore writes too: its log.",
    .examples = "ark location check 's3://bucket/prefix?region=eu-central-1'\n"
                "ark location check file:///backups -o json\n"
                "ark location check --read-only",
    .exit_codes = "0 all is well, but for warnings; 1 something failed, or the check was cut short; 2 wrong use.",
    .options = check_tables,
    .options_size = sizeof(Options),
    .run = run_check,
    .complete = "locations",
};

const Command location_get_command = {
    .name = "get",
    .arguments = "[URL]",
    .arguments_max = 1,
    .summary = "Tell what is in a location.",
    .description = "Counts backups, restores and bytes; names the newest and the oldest backup, backups that were not "
                   "finished, and folders for which a stock Velero would refuse the location. All that is there is "
                   "listed, and the object of each backup read.",
    .examples = "ark location get s3://bucket/prefix\n"
                "ark location get -o json",
    .exit_codes = "0 done; 1 it could not be read; 2 wrong use; 3 done, but some backups' objects cannot be read.",
    .options = get_tables,
    .options_size = sizeof(Options),
    .run = run_get,
    .complete = "locations",
};
