/* sonobuoy diff */
#include "base/colour.h"
#include "base/program.h"
#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/diff-checks.h"
#include "sonobuoy/cli/limit-options.h"
#include "sonobuoy/compare.h"

/* As diff(1) has them. */
enum { EXIT_NOTHING_BROKE = 0, EXIT_BROKE = 1, EXIT_TROUBLE = 2 };

typedef struct {
    Limits limits;
    char *plugin, *output;
    bool verbose;
} Options;

static const struct {
    const char *key, *title, *counted;
    Colour colour;
} changes[CHANGES] = {
    [CHANGE_BROKE] = {"broke", "Broke", "broke", COLOUR_RED},
    [CHANGE_HEALED] = {"healed", "Healed", "healed", COLOUR_GREEN},
    [CHANGE_NEW] = {"new", "New", "new", COLOUR_YELLOW},
    [CHANGE_GONE] = {"gone", "Gone", "gone", COLOUR_YELLOW},
    [CHANGE_RUNS] = {"runs", "Run now, were skipped", "run now", COLOUR_YELLOW},
    [CHANGE_SKIPPED] = {"skipped", "Skipped now, ran before", "skipped now", COLOUR_YELLOW},
    [CHANGE_STATUS] = {"changed", "Other statuses", "changed", COLOUR_YELLOW},
    [CHANGE_FAILING] = {"failing", "Failed before and now", "failed before and now", COLOUR_RED},
};

/* --- text ---------------------------------------------------------------------------------------------- */

/* What is skipped in the one run and not in the other at all is of no interest to most. */
static bool is_shown(const Options *options, const Difference *difference) {
    const char *status = difference->after ? difference->after : difference->before;
    bool lone = difference->change == CHANGE_NEW || difference->change == CHANGE_GONE;
    return options->verbose ||
           (difference->change != CHANGE_FAILING && !(lone && results_outcome(status) == OUTCOME_SKIPPED));
}

/* Names and messages stay on their line, whatever is in them. */
static void print_line(Colour colour, const char *text) {
    g_autofree char *shown = text_printable(text);
    printf("  %s%s%s\n", colour_begin(stdout, colour), shown, colour_end(stdout, colour));
}

static void print_difference(const Difference *difference) {
    bool failed = difference->after && results_outcome(difference->after) == OUTCOME_FAILED;
    Colour colour = failed ? COLOUR_RED : changes[difference->change].colour;
    const char *before = difference->before, *after = difference->after;
    g_autofree char *where = difference->node ? g_strdup_printf("%s on %s", difference->plugin, difference->node)
                                              : g_strdup(difference->plugin);
    g_autofree char *line = g_strdup_printf("%s: %s (%s%s%s)", where, difference->name, before ? before : "",
                                            before && after ? " -> " : "", after ? after : "");
    print_line(colour, line);
}

static void print_changes(const Options *options, const Comparison *comparison, Change change) {
    const GArray *list = comparison->differences[change];
    guint hidden = 0, failed = comparison->failed_now[change];
    if (list->len == 0)
        return;
    printf("%s: %u", changes[change].title, list->len);
    if ((change == CHANGE_NEW || change == CHANGE_RUNS) && failed > 0)
        printf(", %u of them failed", failed);
    putchar('\n');
    for (guint i = 0; i < list->len; i++) {
        const Difference *difference = &g_array_index(list, Difference, i);
        if (is_shown(options, difference))
            print_difference(difference);
        else
            hidden++;
    }
    if (hidden > 0)
        printf("  %u%s listed with -v\n", hidden, change == CHANGE_FAILING ? "" : " skipped ones");
}

static void print_one_health(const HealthDifference *difference) {
    Colour colour = !difference->healthy ? COLOUR_RED : changes[difference->change].colour;
    const char *words[] = {difference->ready, difference->reason, difference->message};
    g_autoptr(GString) why = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (*words[i])
            g_string_append_printf(why, "%s%s", why->len ? ", " : ": ", words[i]);
    g_autofree char *line =
        g_strdup_printf("%s%s%s %s%s", difference->namespace_, *difference->namespace_ ? "/" : "", difference->name,
                        difference->change == CHANGE_FAILING ? "is as before" : changes[difference->change].key,
                        difference->healthy ? "" : why->str);
    print_line(colour, line);
}

/* Of what comes and goes only those that came and are not healthy. */
static bool is_of_interest(const HealthDifference *one, bool come_and_go) {
    if (one->change == CHANGE_NEW)
        return !come_and_go || !one->healthy;
    return one->change != CHANGE_FAILING && (one->change != CHANGE_GONE || !come_and_go);
}

static void print_health(const Options *options, const char *title, const HealthComparison *health, bool come_and_go) {
    if (!health->known[0] || !health->known[1]) {
        if (health->known[0] || health->known[1])
            printf("%s: only the archive of the %s says how they were\n", title, health->known[0] ? "first" : "second");
        return;
    }
    bool any = health->total[0] != health->total[1] || health->healthy[0] != health->healthy[1];
    for (guint i = 0; i < health->differences->len; i++) {
        const HealthDifference *one = &g_array_index(health->differences, HealthDifference, i);
        any = any || options->verbose || is_of_interest(one, come_and_go);
    }
    if (!any)
        return;
    printf("%s healthy: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " -> %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT "\n",
           title, health->healthy[0], health->total[0], health->healthy[1], health->total[1]);
    for (guint i = 0; i < health->differences->len; i++) {
        const HealthDifference *one = &g_array_index(health->differences, HealthDifference, i);
        if (options->verbose || is_of_interest(one, come_and_go))
            print_one_health(one);
    }
}

static void print_server(const Comparison *comparison) {
    const char *before = *comparison->server[0] ? comparison->server[0] : "unknown",
               *after = *comparison->server[1] ? comparison->server[1] : "unknown";
    if (!g_str_equal(before, after))
        text_print(stdout, "API server: %s -> %s\n", before, after);
}

static void print_text(const Options *options, const Comparison *comparison) {
    print_server(comparison);
    for (Change change = 0; change < CHANGES; change++)
        print_changes(options, comparison, change);
    print_health(options, "Nodes", &comparison->nodes, false);
    print_health(options, "Pods", &comparison->pods, true);
    for (Change change = 0; change < CHANGES; change++)
        if (change == CHANGE_BROKE || comparison->differences[change]->len > 0)
            printf("%u %s, ", comparison->differences[change]->len, changes[change].counted);
    printf("%" G_GUINT64_FORMAT " the same.\n", comparison->same);
}

/* --- JSON --------------------------------------------------------------------------------------------------- */

static void set_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text) {
    if (text && *text)
        yyjson_mut_obj_add_str(doc, object, key, text);
}

static void set_path(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *path) {
    g_auto(GStrv) names = g_strsplit(path, COMPARE_BETWEEN, -1);
    yyjson_mut_val *array = yyjson_mut_obj_add_arr(doc, object, "path");
    for (char **name = names; *name; name++)
        yyjson_mut_arr_add_strcpy(doc, array, *name);
}

static void write_object(yyjson_mut_val *object, bool first) {
    g_autofree char *text = json_mut_write(object, NULL);
    printf("%s\n  %s", first ? "" : ",", text);
}

static void write_changes(const Comparison *comparison, Change change) {
    const GArray *list = comparison->differences[change];
    printf(",\n\"%s\":[", changes[change].key);
    for (guint i = 0; i < list->len; i++) {
        const Difference *difference = &g_array_index(list, Difference, i);
        g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *object = yyjson_mut_obj(doc);
        set_text(doc, object, "plugin", difference->plugin);
        set_text(doc, object, "node", difference->node);
        set_path(doc, object, difference->path);
        yyjson_mut_obj_add_str(doc, object, "name", difference->name);
        set_text(doc, object, "before", difference->before);
        set_text(doc, object, "after", difference->after);
        write_object(object, i == 0);
    }
    putchar(']');
}

static void write_share(const HealthComparison *health, size_t run) {
    if (health->known[run])
        printf("{\"total\":%" G_GINT64_FORMAT ",\"healthy\":%" G_GINT64_FORMAT "}", health->total[run],
               health->healthy[run]);
    else
        fputs("null", stdout);
}

static void write_health(const char *key, const HealthComparison *health) {
    printf(",\n\"%s\":{\"before\":", key);
    write_share(health, 0);
    fputs(",\"after\":", stdout);
    write_share(health, 1);
    fputs(",\"differences\":[", stdout);
    for (guint i = 0; i < health->differences->len; i++) {
        const HealthDifference *one = &g_array_index(health->differences, HealthDifference, i);
        g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *object = yyjson_mut_obj(doc);
        set_text(doc, object, "change", changes[one->change].key);
        set_text(doc, object, "namespace", one->namespace_);
        set_text(doc, object, "name", one->name);
        yyjson_mut_obj_add_bool(doc, object, "healthy", one->healthy);
        set_text(doc, object, "ready", one->ready);
        set_text(doc, object, "reason", one->reason);
        set_text(doc, object, "message", one->message);
        write_object(object, i == 0);
    }
    fputs("]}", stdout);
}

static void write_head(const Comparison *comparison) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *server = yyjson_mut_obj(doc), *errors = yyjson_mut_arr(doc);
    set_text(doc, server, "before", comparison->server[0]);
    set_text(doc, server, "after", comparison->server[1]);
    for (guint i = 0; comparison->trouble && i < comparison->trouble->len; i++)
        yyjson_mut_arr_add_str(doc, errors, g_ptr_array_index(comparison->trouble, i));
    g_autofree char *server_text = json_mut_write(server, NULL), *error_text = json_mut_write(errors, NULL);
    printf(
        "{\"format\":\"seaworthy.sonobuoy.diff/1\",\n\"outcome\":\"%s\",\n\"server\":%s,\n\"errors\":%s,\n\"counts\":{",
        comparison_broke(comparison) ? "broke" : "nothing broke", server_text, error_text);
    for (Change change = 0; change < CHANGES; change++)
        printf("\"%s\":%u,", changes[change].key, comparison->differences[change]->len);
    printf("\"same\":%" G_GUINT64_FORMAT "}", comparison->same);
}

static void print_json(const Comparison *comparison) {
    write_head(comparison);
    for (Change change = 0; change < CHANGES; change++)
        write_changes(comparison, change);
    write_health("nodes", &comparison->nodes);
    write_health("pods", &comparison->pods);
    fputs("}\n", stdout);
}

/* --- the command ----------------------------------------------------------------------------------------------- */

static Comparison *compare(const Options *options, char **paths, GError **error) {
    if (g_str_equal(paths[0], "-") && g_str_equal(paths[1], "-")) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE, "only one of the two can be standard input");
        return NULL;
    }
    g_autoptr(RunArchive) before = run_archive_open(paths[0], &options->limits, error);
    g_autoptr(RunArchive) after = before ? run_archive_open(paths[1], &options->limits, error) : NULL;
    return after ? comparison_new(before, after, options->plugin, program_cancel(), error) : NULL;
}

static int run_diff(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    if (diff_is_of_checks(call->arguments[0])) {
        int broke = diff_checks((const char *const *)call->arguments, g_str_equal(options->output, "json"), &error);
        if (broke >= 0)
            return broke ? EXIT_BROKE : EXIT_NOTHING_BROKE;
        program_end(EXIT_TROUBLE, error);
        return EXIT_TROUBLE;
    }
    g_autoptr(Comparison) comparison = compare(options, call->arguments, &error);
    if (!comparison) {
        program_end(EXIT_TROUBLE, error);
        return EXIT_TROUBLE;
    }
    if (g_str_equal(options->output, "json"))
        print_json(comparison);
    else
        print_text(options, comparison);
    fflush(stdout);
    for (guint i = 0; comparison->trouble && i < comparison->trouble->len; i++)
        text_print(stderr, "sonobuoy: %s\n", (const char *)g_ptr_array_index(comparison->trouble, i));
    return comparison->trouble ? EXIT_TROUBLE : comparison_broke(comparison) ? EXIT_BROKE : EXIT_NOTHING_BROKE;
}

static const char *const forms[] = {"text", "json", NULL};
static const Option options_table[] = {
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, plugin),
     .value = "NAME",
     .help = "Compare this plugin's tests only."},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, output),
     .value = "FORM",
     .values = forms,
     .fallback = "text",
     .help = "How differences are printed."},
    {.name = "verbose",
     .letter = 'v',
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, verbose),
     .help = "List also what failed in both, what is skipped and only in one, and all nodes and pods that differ or "
             "are not healthy."},
    {0},
};
static const Option *const tables[] = {options_table, limit_options, NULL};
const Command diff_command = {
    .name = "diff",
    .arguments = "A B",
    .arguments_min = 2,
    .arguments_max = 2,
    .summary = "Compare two runs: what broke, what healed.",
    .description = "A and B are archives of runs, folders that such were unpacked to, or standard input (-). Tests are "
                   "paired by plugin, node, file, suite and name; \"[It] \" before a name does not count. Nodes, pods "
                   "and the server's version are compared, too. Or they are two reports of 'sonobuoy check -o json', "
                   "whose findings are paired by check and object.",
    .examples = "sonobuoy diff before.tar.gz after.tar.gz\n"
                "sonobuoy diff monday.tar.gz tuesday.tar.gz -p e2e -v\n"
                "sonobuoy diff a.tar.gz b.tar.gz -o json | jq '.broke[].name'\n"
                "sonobuoy diff monday.json tuesday.json",
    .exit_codes = "0   nothing broke\n"
                  "1   a test that passed did not pass, a healthy node is not healthy, a check finds more\n"
                  "2   wrong use, or a run cannot be read",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_diff,
    .complete = "file",
};
