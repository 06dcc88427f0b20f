#include "ark/gc.h"
#include "ark/cli/common.h"
#include "base/table.h"
#include "base/text.h"

#include <stdio.h>

typedef struct {
    Common common;
    ArkRetentionRules rules;
    char *selector;
    gint64 leftovers_older_than;
    bool dry_run, confirm;
} Options;

static const char *const kinds[] = {"backup", "restore", "leftover", "upload"};
static const char *const actions[] = {"keep", "delete", "unreadable"};

/* --- what is planned, and what became of it -------------------------------------------------- */

static void print_table(const ArkGcPlan *plan) {
    static const char *const heads[] = {"KIND", "NAME", "SERIES", "CREATED", "ACTION", "WHY", NULL};
    g_autoptr(Table) table = table_new(heads);
    for (guint i = 0; i < plan->entries->len; i++) {
        const ArkGcEntry *entry = g_ptr_array_index(plan->entries, i);
        g_autofree char *time = entry->time ? time_format(entry->time) : NULL;
        const char *cells[] = {kinds[entry->kind],     entry->name,  entry->series, time,
                               actions[entry->action], entry->reason};
        table_add_row(table, cells);
    }
    table_colour(table, 4);
    table_print(table, stdout, true);
}

/* outcomes: by entry: NULL where nothing was tried, "" where it is deleted, else why not. */
static void print_document(const ArkGcPlan *plan, const Options *options, const GPtrArray *outcomes) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set(doc, root, "dryRun", yyjson_mut_bool(doc, options->dry_run));
    yyjson_mut_val *items = yyjson_mut_obj_add_arr(doc, root, "items");
    for (guint i = 0; i < plan->entries->len; i++) {
        const ArkGcEntry *entry = g_ptr_array_index(plan->entries, i);
        const char *outcome = g_ptr_array_index(outcomes, i);
        g_autofree char *time = entry->time ? time_format(entry->time) : NULL;
        yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, items);
        json_mut_set_string(doc, item, "kind", kinds[entry->kind]);
        json_mut_set_string(doc, item, "name", entry->name);
        cli_set_string(doc, item, "series", entry->series);
        cli_set_string(doc, item, "backup", entry->backup);
        cli_set_string(doc, item, "created", time);
        json_mut_set_string(doc, item, "action", actions[entry->action]);
        json_mut_set_string(doc, item, "reason", entry->reason);
        json_mut_set(doc, item, "deleted", yyjson_mut_bool(doc, outcome && !*outcome));
        cli_set_string(doc, item, "error", outcome);
    }
    cli_print_object(root, options->common.output);
}

/* "3 backups, 1 restore": how many entries have the action; where outcomes are given, only those that are deleted. */
static char *count_text(const ArkGcPlan *plan, ArkGcAction action, const GPtrArray *outcomes) {
    guint counts[G_N_ELEMENTS(kinds)] = {0};
    for (guint i = 0; i < plan->entries->len; i++) {
        const ArkGcEntry *entry = g_ptr_array_index(plan->entries, i);
        const char *outcome = outcomes ? g_ptr_array_index(outcomes, i) : "";
        counts[entry->kind] += entry->action == action && outcome && !*outcome;
    }
    GString *text = g_string_new(NULL);
    for (guint kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
        if (counts[kind])
            g_string_append_printf(text, "%s%u %s%s", text->len ? ", " : "", counts[kind], kinds[kind],
                                   counts[kind] == 1 ? "" : "s");
    return g_string_free(text, FALSE);
}

/* --- the run ------------------------------------------------------------------------------------- */

/* Tells of what cannot be read or listed; it stays. */
static int tell_unread(const ArkGcPlan *plan) {
    int code = EXIT_DONE;
    for (guint i = 0; i < plan->entries->len; i++) {
        const ArkGcEntry *entry = g_ptr_array_index(plan->entries, i);
        if (entry->action != ARK_GC_UNREADABLE)
            continue;
        fprintf(stderr, "ark: %s %s is left, as it cannot be read: %s\n", kinds[entry->kind], entry->name,
                entry->reason);
        code = EXIT_PARTLY;
    }
    if (!plan->unlisted)
        return code;
    fprintf(stderr, "ark: uploads that were never finished are left, as they cannot be listed: %s\n",
            plan->unlisted->message);
    return EXIT_PARTLY;
}

/* Whether all that was to go is gone. */
static bool delete_all(Store *store, const ArkGcRequest *request, const ArkGcPlan *plan, GPtrArray *outcomes) {
    bool all = true;
    for (guint i = 0; i < plan->entries->len && !cancel_is_set(program_cancel()); i++) {
        const ArkGcEntry *entry = g_ptr_array_index(plan->entries, i);
        g_autoptr(GError) failure = NULL;
        if (entry->action != ARK_GC_DELETE)
            continue;
        bool deleted = ark_gc_delete(store, request, entry, &failure);
        g_ptr_array_index(outcomes, i) = g_strdup(deleted ? "" : failure->message);
        if (deleted)
            continue;
        program_fail(failure);
        all = false;
    }
    return all;
}

static bool confirmed(const char *doomed) {
    g_autofree char *question = g_strdup_printf("Delete %s for good?", doomed);
    return cli_confirmed(question);
}

static int collect(const Options *options, Store *store, const ArkGcRequest *request, const ArkGcPlan *plan) {
    bool document = g_strcmp0(options->common.output, "table") != 0;
    g_autofree char *doomed = count_text(plan, ARK_GC_DELETE, NULL);
    g_autoptr(GPtrArray) outcomes = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_set_size(outcomes, (int)plan->entries->len);
    if (!document && plan->entries->len > 0)
        print_table(plan);
    fflush(stdout);
    int code = tell_unread(plan);
    bool deletes = *doomed && !options->dry_run;
    if (deletes && !options->confirm && !confirmed(doomed))
        return EXIT_FAILED;
    if (deletes && !delete_all(store, request, plan, outcomes))
        code = EXIT_PARTLY;
    if (document)
        print_document(plan, options, outcomes);
    g_autofree char *kept = count_text(plan, ARK_GC_KEEP, NULL), *deleted = count_text(plan, ARK_GC_DELETE, outcomes);
    const char *gone = options->dry_run ? doomed : deleted;
    if (!options->common.quiet)
        fprintf(stderr, "%s: %s; kept: %s.\n", options->dry_run ? "Would be deleted" : "Deleted",
                *gone ? gone : "nothing", *kept ? kept : "nothing");
    return cancel_is_set(program_cancel()) ? EXIT_FAILED : code;
}

static bool check_options(const Options *options, GError **error) {
    if (options->leftovers_older_than < 0) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "--leftovers-older-than must be longer than the longest backup takes");
        return false;
    }
    if (options->rules.all && !ark_retention_has_rules(&options->rules)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "--all says what the --keep-... rules are for, and there is none");
        return false;
    }
    return true;
}

static int run_gc(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(Selector) selector = NULL;
    if (!check_options(options, &error))
        return program_end(EXIT_USAGE, error);
    if (options->selector && !(selector = selector_parse(options->selector, &error))) {
        error->code = BASE_ERROR_USAGE;
        return program_end(EXIT_USAGE, error);
    }
    g_autoptr(Store) store = cli_store(&options->common, &error);
    ArkGcRequest request = {.rules = options->rules,
                            .selector = selector,
                            .leftovers_age = options->leftovers_older_than,
                            .now = g_get_real_time()};
    g_auto(ArkGcPlan) plan = {0};
    int code = EXIT_FAILED;
    if (store && ark_gc_plan(store, &request, &plan, &error))
        code = collect(options, store, &request, &plan);
    return program_end(code, error);
}

/* --- options -------------------------------------------------------------------------------------- */

#define AT(field) .offset = offsetof(Options, field)
#define KEEP(word, period)                                                               \
    {                                                                                    \
        .name = "keep-" #word, .kind = OPTION_INT, AT(rules.word), .value = "N",         \
        .help = "Keep the newest backup of each of the last N " period " that have one." \
    }
static const char *const forms[] = {"table", "json", "yaml", NULL};
static const Option option_table[] = {
    {.name = "keep-last",
     .kind = OPTION_INT,
     AT(rules.last),
     .value = "N",
     .help = "Keep the N newest backups of each series."},
    KEEP(hourly, "hours"),
    KEEP(daily, "days"),
    KEEP(weekly, "weeks, from Monday on,"),
    KEEP(monthly, "months"),
    KEEP(yearly, "years"),
    {.name = "all",
     .kind = OPTION_FLAG,
     AT(rules.all),
     .help = "The rules are for backups of no series, too: all those are one."},
    {.name = "selector",
     .letter = 'l',
     .kind = OPTION_STRING,
     AT(selector),
     .value = "LABELS",
     .help = "Only backups with these labels, and their restores; leftovers, which have none, stay."},
    {.name = "leftovers-older-than",
     .kind = OPTION_DURATION,
     AT(leftovers_older_than),
     .fallback = "24h",
     .help = "What is unfinished and was not touched for so long goes; longer than the longest backup takes."},
    {.name = "dry-run", .kind = OPTION_FLAG, AT(dry_run), .help = "Show what would be done, and delete nothing."},
    {.name = "confirm", .kind = OPTION_FLAG, AT(confirm), .help = "Do not ask."},
    OUTPUT_OPTION(forms, "table"),
    QUIET_OPTION("Do not say in the end what was done."),
    {0},
};
static const Option *const tables[] = {location_options, option_table, NULL};

const Command gc_command = {
    .name = "gc",
    .summary = "Delete backups that are no longer needed, and what was left behind.",
    .description =
        "Without rules, backups go that have expired (their --ttl is over), as with Velero.\n"
        "With any --keep-... rule, each series is taken by itself: of its backups that can be restored (Completed, "
        "PartiallyFailed) those stay that a rule keeps, expired or not, and the others go, expired or not. A rule that "
        "has not found its N keeps the oldest as well. The newest Completed backup of a series always stays. Hours, "
        "days, weeks, months and years are UTC's. A series is what has the same label ark.seaworthy.dev/series (set by "
        "backup create --name-template) or velero.io/schedule-name. Backups of no series go by expiry alone, unless "
        "--all is given.\n"
        "With a backup go its restores. Also deleted is what nothing finished: files below backups/ without a Backup "
        "object, uploads in parts, temporary files, restores whose backup is gone; each only where it was not touched "
        "for --leftovers-older-than. What cannot be read is told of and stays.",
    .examples = "ark gc --location s3://bucket/prefix --dry-run\n"
                "ark gc --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --confirm\n"
                "ark gc --keep-last 3 -l team=shop",
    .exit_codes = "0 done; 1 failed, or nothing was deleted because the answer was no; 2 wrong use; 3 done in part: "
                  "what is left is named.",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_gc,
};
