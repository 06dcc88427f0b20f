#include "ark/catalog.h"
#include "ark/cli/common.h"
#include "ark/verify.h"
#include "base/text.h"

#include <stdio.h>

typedef struct {
    Common common;
    bool all;
} Options;

static const char *const verdicts[] = {"good", "good as far as it can be checked", "damaged"};

static void print_text(const char *name, const ArkVerifyReport *report) {
    text_print(stdout, "Backup %s: %s, %" G_GUINT64_FORMAT " object%s and %" G_GUINT64_FORMAT " file%s read\n", name,
               verdicts[report->verdict], report->objects, report->objects == 1 ? "" : "s", report->files,
               report->files == 1 ? "" : "s");
    for (guint i = 0; i < report->damages->len; i++) {
        const ArkDamage *damage = g_ptr_array_index(report->damages, i);
        text_print(stdout, "  damage in %s: %s\n", damage->where, damage->what);
    }
    if (report->damage_count > report->damages->len)
        printf("  and %" G_GUINT64_FORMAT " more\n", report->damage_count - report->damages->len);
    for (guint i = 0; i < report->unchecked->len; i++)
        text_print(stdout, "  not checked: %s\n", (const char *)g_ptr_array_index(report->unchecked, i));
}

static void add_report(yyjson_mut_doc *doc, yyjson_mut_val *items, const char *name, const ArkVerifyReport *report) {
    static const char *const words[] = {"good", "partly-checked", "damaged"};
    yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, items);
    json_mut_set_string(doc, item, "name", name);
    json_mut_set_string(doc, item, "verdict", words[report->verdict]);
    json_mut_set(doc, item, "objects", yyjson_mut_uint(doc, report->objects));
    json_mut_set(doc, item, "files", yyjson_mut_uint(doc, report->files));
    json_mut_set(doc, item, "damageCount", yyjson_mut_uint(doc, report->damage_count));
    yyjson_mut_val *damages = yyjson_mut_obj_add_arr(doc, item, "damages"),
                   *unchecked = yyjson_mut_obj_add_arr(doc, item, "notChecked");
    for (guint i = 0; i < report->damages->len; i++) {
        const ArkDamage *damage = g_ptr_array_index(report->damages, i);
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, damages);
        json_mut_set_string(doc, one, "where", damage->where);
        json_mut_set_string(doc, one, "what", damage->what);
    }
    for (guint i = 0; i < report->unchecked->len; i++)
        yyjson_mut_arr_add_strcpy(doc, unchecked, g_ptr_array_index(report->unchecked, i));
}

static int worse(int a, int b) {
    return a == EXIT_FAILED || b == EXIT_FAILED ? EXIT_FAILED : MAX(a, b);
}

static int verify_one(const Options *options, Store *store, const char *name, yyjson_mut_doc *doc,
                      yyjson_mut_val *items) {
    static const int codes[] = {EXIT_DONE, EXIT_PARTLY, EXIT_FAILED};
    g_autoptr(GError) error = NULL;
    ArkVerifyReport report;
    g_autofree char *shown = text_printable(name), *verb = g_strdup_printf("Verifying %s:", shown);
    g_autoptr(Progress) progress = cli_progress(&options->common, verb);
    bool ok = ark_verify(store, name, &options->common.limits, progress, program_cancel(), &report, &error);
    progress_stop(g_steal_pointer(&progress));
    int code = ok ? codes[report.verdict] : program_fail(error);
    if (ok && items)
        add_report(doc, items, name, &report);
    else if (ok)
        print_text(name, &report);
    ark_verify_report_clear(&report);
    return code;
}

static int run_verify(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    if (!call->arguments[0] == !options->all) {
        fprintf(stderr, "%s: name the backups, or give --all\nRun '%s --help' for the options.\n", call->path,
                call->path);
        return EXIT_USAGE;
    }
    g_autoptr(Store) store = cli_store(&options->common, &error);
    g_autoptr(GPtrArray) names = store ? cli_names(call, store, ARK_BACKUPS, &error) : NULL;
    if (!names)
        return program_end(EXIT_FAILED, error);
    bool document = g_strcmp0(options->common.output, "table") != 0;
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *items = yyjson_mut_arr(doc);
    int code = EXIT_DONE;
    for (guint i = 0; i < names->len && !cancel_is_set(program_cancel()); i++)
        code = worse(code, verify_one(options, store, g_ptr_array_index(names, i), doc, document ? items : NULL));
    if (cancel_is_set(program_cancel()))
        code = EXIT_FAILED; /* what comes after was not looked at */
    json_mut_set(doc, root, "backups", items);
    if (document)
        cli_print_object(root, options->common.output);
    else if (names->len == 0)
        fprintf(stderr, "There are no backups in %s.\n", store_url(store));
    return code;
}

static const char *const forms[] = {"table", "json", "yaml", NULL};
static const Option option_table[] = {
    {.name = "all", .kind = OPTION_FLAG, .offset = offsetof(Options, all), .help = "All backups of the location."},
    OUTPUT_OPTION(forms, "table"),
    VERBOSE_OPTION("A line for each kind of a backup on stderr."),
    QUIET_OPTION("Show no progress."),
    {0},
};
static const Option *const tables[] = {location_options, option_table, limit_options, NULL};

const Command backup_verify_command = {
    .name = "verify",
    .arguments = "[BACKUP...]",
    .arguments_max = -1,
    .summary = "Check that backups are whole and are what was stored.",
    .description =
        "Reads every file: its checksum and every object's, the archive to its end, names and numbers against "
        "resource list and Backup object. Of a backup that Velero made, which has no checksums, all the "
        "rest is checked.\n"
        "Exit status: 0 good, 1 damaged or not to be read, 2 wrong use, 3 good as far as it can be checked.",
    .examples = "ark backup verify nightly --location s3://bucket/prefix\n"
                "ark backup verify --all -o json",
    .exit_codes = "0 good; 1 damaged, each damage named, or not to be read; 2 wrong use; 3 good as far as it can be "
                  "checked: Velero records no checksums.",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_verify,
    .complete = "backups",
};
