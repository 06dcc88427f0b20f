/* Command tables: what help shows of them. */
#include "base/options.h"

#include "base/options-internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *where, *form;
    GStrv kinds;
    bool slow, secret;
} Options;

static const char *const forms[] = {"table", "json", NULL};
static const Option table[] = {
    {.name = "where", .kind = OPTION_STRING, .offset = offsetof(Options, where), .value = "URL", .help = "Where to."},
    {.name = "kinds",
     .kind = OPTION_LIST,
     .offset = offsetof(Options, kinds),
     .complete = "kinds",
     .help = "Kinds to take."},
    {.name = "form", .kind = OPTION_ENUM, .offset = offsetof(Options, form), .values = forms, .help = "How to print."},
    {.name = "slow", .kind = OPTION_FLAG, .offset = offsetof(Options, slow), .rare = true, .help = "Takes its time."},
    {.name = "secret", .kind = OPTION_FLAG, .offset = offsetof(Options, secret), .hidden = true, .help = "Not said."},
    {0},
};
static const Option *const tables[] = {table, NULL};

static int run(const CommandCall *call, void *data) {
    return EXIT_DONE;
}

static const Command make = {.name = "make",
                             .arguments = "NAME",
                             .arguments_min = 1,
                             .arguments_max = 1,
                             .summary = "Make one.",
                             .examples = "tool make x",
                             .options = tables,
                             .options_size = sizeof(Options),
                             .run = run,
                             .complete = "names"};
static const Command *const children[] = {&make, NULL};
static GStrv words(const char *source, const void *data) {
    const Options *options = data;
    g_autofree char *of = g_strdup_printf("%s-of-%s", source, options->where ? options->where : "nowhere"),
                    *odd = g_strdup("odd\033[2J"), *expanded = g_strdup("$(x)");
    return g_strdupv((char *[]){of, odd, expanded, NULL});
}

static const Command tool = {.name = "tool", .summary = "Makes.", .children = children, .words = words};

/* A command that is run by itself, and has commands. */
static const char *ran;
static int run_print(const CommandCall *call, void *data) {
    const Options *options = data;
    g_assert_cmpstr(call->path, ==, "tool print");
    g_assert_cmpstr(call->arguments[0], ==, NULL);
    ran = options->slow ? "print, slowly" : "print";
    return EXIT_DONE;
}
static int run_page(const CommandCall *call, void *data) {
    const Options *options = data;
    g_assert_cmpstr(call->path, ==, "tool print page");
    g_assert_false(options->slow);
    ran = g_intern_string(call->arguments[0] ? call->arguments[0] : "page");
    return EXIT_DONE;
}
static const Command print_page = {.name = "page",
                                   .arguments = "[NUMBER]",
                                   .arguments_max = 1,
                                   .summary = "Print one page.",
                                   .options = tables,
                                   .options_size = sizeof(Options),
                                   .run = run_page};
static const Command *const print_children[] = {&print_page, NULL};
static const Command print = {.name = "print",
                              .summary = "Print.",
                              .options = tables,
                              .options_size = sizeof(Options),
                              .run = run_print,
                              .children = print_children};
static const Command *const both_children[] = {&make, &print, NULL};
static const Command both = {.name = "tool", .summary = "Makes and prints.", .children = both_children};

static void test_help(void) {
    g_autofree char *help = command_help(&make, "tool make", false);
    g_assert_cmpstr(help, ==,
                    "Make one.\n\n"
                    "Usage: tool make NAME [OPTIONS]\n\n"
                    "Examples:\n"
                    "  tool make x\n\n"
                    "Options:\n"
                    "      --where URL                     Where to.\n"
                    "      --kinds TEXT                    Kinds to take.\n"
                    "      --form TEXT                     How to print. (table, json)\n"
                    "  -h, --help                          Show this text.\n\n"
                    "1 more option: tool make --help-all, or man tool-make\n");
}

static void test_help_all(void) {
    g_autofree char *help = command_help(&make, "tool make", true), *page = command_man(&tool, "tool make");
    g_assert_nonnull(strstr(help, "      --slow                          Takes its time.\n"));
    g_assert_null(strstr(help, "more option"));
    g_assert_nonnull(strstr(page, "Takes its time."));
    g_assert_null(strstr(help, "--secret"));
    g_assert_null(strstr(page, "secret"));
}

static void test_lists(void) {
    static const struct {
        const char *text;
        bool accepted;
    } rows[] = {{"a", true}, {"a,b", true}, {" a , b", true}, {"", false}, {" ", false}, {"a,", false}, {",", false}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("\"%s\"", rows[i].text);
        g_assert_cmpint(option_accepts(&table[1], rows[i].text, &error), ==, rows[i].accepted);
        g_assert_true(rows[i].accepted || g_error_matches(error, BASE_ERROR, BASE_ERROR_USAGE));
    }
}

static void test_complete(void) {
    static const struct {
        const char *line, *offered;
    } rows[] = {
        {"", "make\tMake one.\n"},
        {"x", ""},
        {"make --s", "--slow\tTakes its time.\n"},
        {"make --w", "--where\tWhere to.\n"},
        {"make ", "names-of-nowhere\n$(x)\n"},
        {"make n", "names-of-nowhere\n"},
        {"make --where a ", "names-of-a\n$(x)\n"},
        {"make --where=a n", "names-of-a\n"},
        {"make --slow n", "names-of-nowhere\n"},
        {"make --wrong --form bad --where a n", "names-of-a\n"},
        {"make x ", ""},
        {"make -- --", ""},
        {"make --form ", "table\njson\n"},
        {"make --form=j", "--form=json\n"},
        {"make --slow=", "--slow=true\n--slow=false\n"},
        {"make --kinds k", "kinds-of-nowhere\n"},
        {"make --kinds a,b,k", "a,b,kinds-of-nowhere\n"},
        {"make --kinds=a,k", "--kinds=a,kinds-of-nowhere\n"},
        {"make --where ", ""},
        {"make --secret", ""},
        {"other --w", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) line = g_strsplit(rows[i].line, " ", -1);
        g_autofree char *offered = command_complete(&tool, line);
        g_test_message("%s", rows[i].line);
        g_assert_cmpstr(offered, ==, rows[i].offered);
    }
    char *none[] = {NULL};
    g_autofree char *offered = command_complete(&tool, none);
    g_assert_cmpstr(offered, ==, "make\tMake one.\n");
}

/* Without what it prints, which is no TAP. */
static int main_of(const char *line) {
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    ran = NULL;
    fflush(stdout);
    int out = dup(STDOUT_FILENO), nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    int code = command_main(&both, (int)g_strv_length(words), words);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    close(nothing);
    return code;
}

static void test_run_and_commands(void) {
    static const struct {
        const char *line;
        int code;
        const char *ran;
    } rows[] = {
        {"tool print", EXIT_DONE, "print"},
        {"tool print --slow", EXIT_DONE, "print, slowly"},
        {"tool print page", EXIT_DONE, "page"},
        {"tool print page 7", EXIT_DONE, "7"},
        {"tool print --slow page", EXIT_USAGE, NULL},
        {"tool print pag", EXIT_USAGE, NULL},
        {"tool print page 7 8", EXIT_USAGE, NULL},
        {"tool print --help", EXIT_DONE, NULL},
        {"tool print help", EXIT_DONE, NULL},
        {"tool help print page", EXIT_DONE, NULL},
        {"tool", EXIT_USAGE, NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].line);
        g_assert_cmpint(main_of(rows[i].line), ==, rows[i].code);
        g_assert_cmpstr(ran, ==, rows[i].ran);
    }
}

static void test_help_of_both(void) {
    g_autofree char *help = command_help(&print, "tool print", false), *man = command_man(&both, "tool print");
    static const char head[] = "Print.\n\n"
                               "Usage: tool print [OPTIONS]\n"
                               "       tool print COMMAND\n\n"
                               "Commands:\n"
                               "  page          Print one page.\n\n"
                               "Options:\n"
                               "      --where URL                     Where to.\n";
    static const char tail[] = "\n\nRun 'tool print COMMAND --help' for more about a command.\n";
    g_assert_true(g_str_has_prefix(help, head));
    g_assert_true(g_str_has_suffix(help, tail));
    g_assert_nonnull(strstr(man, ".B tool print\n.br\n.B tool print COMMAND\n"));
    g_assert_nonnull(strstr(man, "tool\\-print\\-page (1)"));
    g_assert_nonnull(strstr(man, "Where to."));
    g_auto(GStrv) paths = command_paths(&both);
    g_autofree char *all = g_strjoinv(", ", paths);
    g_assert_cmpstr(all, ==, "tool, tool make, tool print, tool print page");
}

static void test_complete_both(void) {
    static const char *const rows[][2] = {
        {"print ", "page\tPrint one page.\n"},
        {"print --slo", "--slow\tTakes its time.\n"},
        {"print --slow ", ""},
        {"print x p", ""},
        {"print --form ", "table\njson\n"},
        {"print page --slo", "--slow\tTakes its time.\n"},
        {"print page ", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) line = g_strsplit(rows[i][0], " ", -1);
        g_autofree char *offered = command_complete(&both, line);
        g_test_message("%s", rows[i][0]);
        g_assert_cmpstr(offered, ==, rows[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/help", test_help);
    g_test_add_func("/options/help-all", test_help_all);
    g_test_add_func("/options/lists", test_lists);
    g_test_add_func("/options/complete", test_complete);
    g_test_add_func("/options/run-and-commands", test_run_and_commands);
    g_test_add_func("/options/help-of-both", test_help_of_both);
    g_test_add_func("/options/complete-both", test_complete_both);
    return g_test_run();
}
