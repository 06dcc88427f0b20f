#include "ark/catalog.h"
#include "ark/cli/differences.h"
#include "ark/cli/filters.h"
#include "ark/contents.h"
#include "ark/diff.h"
#include "ark/live.h"
#include "base/colour.h"
#include "base/text.h"

#include <stdio.h>

/* As diff(1) has them. */
enum { EXIT_SAME = 0, EXIT_DIFFERENT = 1, EXIT_TROUBLE = 2 };

typedef struct {
    Common common;
    bool live, all_fields, show_secrets;
} Options;

#define AT(field) .offset = offsetof(Options, field)
static const Option option_table[] = {
    {.name = "live",
     .kind = OPTION_FLAG,
     AT(live),
     .help = "Compare the backup with the cluster as it is now, in place of a second backup; its own filters say what "
             "is looked at."},
    {.name = "all-fields",
     .kind = OPTION_FLAG,
     AT(all_fields),
     .help = "Also what the server owns or fills in, and objects that are never restored."},
    {.name = "show-secrets",
     .kind = OPTION_FLAG,
     AT(show_secrets),
     .help = "Print values of Secrets, which are hidden otherwise."},
    {0},
};
#undef AT

static const char *const changes[] = {
    [ARK_DIFF_ADDED] = "added", [ARK_DIFF_REMOVED] = "removed", [ARK_DIFF_CHANGED] = "changed"};

/* --- how it is printed, as it comes ------------------------------------------------------------ */

typedef struct {
    const Options *options;
    bool json, any;
} Printer;

static void print_json(const Printer *printer, const ArkDifference *difference) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    json_mut_set_string(doc, object, "change", changes[difference->change]);
    json_mut_set_string(doc, object, "resource", difference->group_resource);
    if (difference->namespace_)
        json_mut_set_string(doc, object, "namespace", difference->namespace_);
    json_mut_set_string(doc, object, "name", difference->name);
    if (difference->change == ARK_DIFF_CHANGED)
        json_mut_set(doc, object, "fields",
                     cli_differences_json(doc, difference->group_resource, difference->before, difference->after,
                                          printer->options->show_secrets));
    g_autofree char *text = json_mut_write(object, NULL);
    printf("%s\n  %s", printer->any ? "," : "", text);
}

static bool print_difference(const ArkDifference *difference, void *data, GError **error) {
    static const char signs[] = {[ARK_DIFF_ADDED] = '+', [ARK_DIFF_REMOVED] = '-', [ARK_DIFF_CHANGED] = '~'};
    static const Colour colours[] = {
        [ARK_DIFF_ADDED] = COLOUR_GREEN, [ARK_DIFF_REMOVED] = COLOUR_RED, [ARK_DIFF_CHANGED] = COLOUR_YELLOW};
    Printer *printer = data;
    if (printer->json) {
        print_json(printer, difference);
    } else {
        Colour colour = colours[difference->change];
        fputs(colour_begin(stdout, colour), stdout);
        text_print(stdout, "%c %s %s%s%s", signs[difference->change], difference->group_resource,
                   difference->namespace_ ? difference->namespace_ : "", difference->namespace_ ? "/" : "",
                   difference->name);
        printf("%s\n", colour_end(stdout, colour));
        if (printer->options->common.verbose && difference->change == ARK_DIFF_CHANGED) {
            g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
            cli_differences_print(cli_differences_json(doc, difference->group_resource, difference->before,
                                                       difference->after, printer->options->show_secrets));
        }
    }
    printer->any = true;
    return true;
}

/* --- both sides ---------------------------------------------------------------------------------- */

static ArkIndex *read_backup(const Options *options, Store *store, const char *name, GError **error) {
    ArkIndexOptions how = {.limits = &options->common.limits};
    g_autoptr(yyjson_doc) object = ark_catalog_named(store, ARK_BACKUPS, name, error);
    return object ? ark_contents_read(store, name, &how, error) : NULL;
}

/* The cluster by the backup's own filters. What could not be read is told: it would seem to be removed. */
static ArkIndex *read_live(const Options *options, Store *store, const char *name, GError **error) {
    g_autoptr(yyjson_doc) object = ark_catalog_named(store, ARK_BACKUPS, name, error);
    g_autoptr(KubeClient) client = object ? cli_client(&options->common, 8, error) : NULL;
    ArkBackupSpec spec = {0};
    if (!client)
        return NULL;
    g_autoptr(ArkResults) results = ark_results_new();
    g_autoptr(ArkLog) log = ark_log_new("diff=live", ARK_LOG_ERROR + 1);
    ArkIndex *index = NULL;
    const char *policy = json_get_string(yyjson_doc_get_root(object), "spec", "resourcePolicy", "name");
    GError *failure = NULL;
    g_autofree char *policies = cli_document(&options->common, client, NULL, policy, &failure);
    if (failure) {
        g_propagate_prefixed_error(error, failure, "the backup's resource policy: ");
        return NULL;
    }
    if (ark_backup_spec_read(yyjson_doc_get_root(object), &spec, error)) {
        ArkCaptureRequest request = {.client = client,
                                     .spec = &spec,
                                     .policies = policies,
                                     .consistent = true,
                                     .strict = true,
                                     .connections = (unsigned)options->common.kube.connections,
                                     .log = log,
                                     .results = results,
                                     .cancel = program_cancel()};
        index = ark_live_index(&request, error);
    }
    ark_backup_spec_clear(&spec);
    if (index && ark_results_errors(results)) {
        g_autofree char *text = ark_results_json(results, NULL);
        cli_print_results(text, true);
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FORBIDDEN,
                            "the cluster could not be read whole, so nothing can be said of what is missing in it");
        g_clear_pointer(&index, ark_index_free);
    }
    return index;
}

static int diff(const Options *options, GStrv names, GError **error) {
    const char *output = options->common.output;
    g_autoptr(Store) store = cli_store(&options->common, error);
    g_autoptr(ArkIndex) before = store ? read_backup(options, store, names[0], error) : NULL;
    g_autoptr(ArkIndex) after = !before         ? NULL
                                : options->live ? read_live(options, store, names[0], error)
                                                : read_backup(options, store, names[1], error);
    if (!after)
        return EXIT_TROUBLE;
    Printer printer = {.options = options, .json = g_strcmp0(output, "json") == 0};
    ArkDiffRequest request = {
        .before = before, .after = after, .all_fields = options->all_fields, .cancel = program_cancel()};
    ArkDiffCounts counts;
    if (printer.json)
        fputs("{\"differences\":[", stdout);
    bool ok = ark_diff(&request, print_difference, &printer, &counts, error);
    if (!ok)
        return EXIT_TROUBLE;
    if (printer.json)
        printf("%s],\n\"added\":%" G_GUINT64_FORMAT ",\"removed\":%" G_GUINT64_FORMAT ",\"changed\":%" G_GUINT64_FORMAT
               ",\"same\":%" G_GUINT64_FORMAT "}\n",
               printer.any ? "\n" : "", counts.added, counts.removed, counts.changed, counts.same);
    fprintf(stderr,
            "%" G_GUINT64_FORMAT " added, %" G_GUINT64_FORMAT " removed, %" G_GUINT64_FORMAT
            " changed, %" G_GUINT64_FORMAT " the same.\n",
            counts.added, counts.removed, counts.changed, counts.same);
    return printer.any ? EXIT_DIFFERENT : EXIT_SAME;
}

static int run_diff(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    guint given = g_strv_length(call->arguments);
    if (given != (options->live ? 1 : 2)) {
        fprintf(stderr, "%s: give two backups, or one and --live\nRun '%s --help' for the options.\n", call->path,
                call->path);
        return EXIT_TROUBLE;
    }
    int code = diff(options, call->arguments, &error);
    if (error) {
        program_fail(error);
        g_error_free(error);
        code = EXIT_TROUBLE;
    }
    return code;
}

static const char *const forms[] = {"text", "json", NULL};
static const Option output_options[] = {OUTPUT_OPTION(forms, "text"), {0}};
static const Option *const tables[] = {location_options, option_table,        output_options, message_options,
                                       kube_options,     kube_tuning_options, limit_options,  NULL};
const Command backup_diff_command = {
    .name = "diff",
    .arguments = "A [B]",
    .arguments_min = 1,
    .arguments_max = 2,
    .summary = "Compare two backups, or a backup with the cluster.",
    .description =
        "Names the objects that were added (+), removed (-) and changed (~) from A to B; with -v each field that "
        "changed. Objects are compared as a restore would bring them back: what the server owns or fills in does not "
        "count. Memory holds names and places, not objects.",
    .examples = "ark backup diff monday tuesday -v\n"
                "ark backup diff nightly --live\n"
                "ark backup diff monday tuesday -o json",
    .exit_codes = "0 no difference; 1 differences; 2 wrong use, or it could not be found out.",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_diff,
    .complete = "backups",
};
