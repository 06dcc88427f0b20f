/* What Go's regexp reads otherwise than PCRE, or not at all. */
#include "base/go-regex.h"

#include <string.h>

static void test_taken(void) {
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "anything", true},
        {"a b|c", "x a b", true},
        {"\\[Conformance\\]", "[sig-a] x [Conformance]", true},
        {"\\[Conformance\\]", "Conformance", false},
        {"^\\[sig-(apps|node)\\].*$", "[sig-node] x", true},
        {"x$", "x\n", false},
        {"(?i)SERIAL", "serial", true},
        {"(?i:S)erial", "serial", true},
        {"(?P<a>x)(?<b>y)", "xy", true},
        {"a{2,3}?b", "aab", true},
        {"a{,b", "a{,b", true},
        {"a{x}", "a{x}", true},
        {"[]a]", "]", true},
        {"[^]a]", "]", false},
        {"[[:digit:]\\]-]+$", "1]-", true},
        {"\\Qa.(b\\E+", "a.(bb", true},
        {"\\Q*", "*", true},
        {"\\Aé.\\z", "éx", true},
        {"\\p{Greek}\\x{3b2}\\d", "αβ1", true},
        {"\\.\\*\\|", ".*|", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GRegex) regex = go_regex_new(rows[i].pattern, &error);
        g_test_message("%s", rows[i].pattern);
        g_assert_no_error(error);
        g_assert_cmpint(g_regex_match(regex, rows[i].text, 0, NULL), ==, rows[i].matches);
    }
}

static void test_refused(void) {
    static const char *const rows[][2] = {
        {"a(?=b)", "character 2, look-around"},
        {"(?!b)", "look-around"},
        {"(?<=b)", "look-around"},
        {"(?<!b)", "look-around"},
        {"(a)\\1", "character 4, a back-reference"},
        {"(?P=a)", "a group"},
        {"(?>a)", "a group"},
        {"(?|a)", "a group"},
        {"(?x)a", "a group"},
        {"(?", "a group"},
        {"(?)", "a group"},
        {"(*COMMIT)", "a verb"},
        {"éa*+", "character 3, a repetition of a repetition"},
        {"a**", "a repetition of a repetition"},
        {"a{2}+", "a repetition of a repetition"},
        {"a{1001}", "1000"},
        {"a{1,99999999999999999999}", "1000"},
        {"a{,3}", "{0,n}"},
        {"\\Z", "an escape"},
        {"\\h", "an escape"},
        {"\\K", "an escape"},
        {"[\\b]", "an escape"},
        {"a\\", "a backslash"},
        {"[a", "without its ]"},
        {"[[:digit:]", "without its ]"},
        {"(", "no regular expression"},
        {")", "no regular expression"},
        {"*", "no regular expression"},
        {"\xff", "no text"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", rows[i][0]);
        g_assert_null(go_regex_new(rows[i][0], &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        if (!strstr(error->message, rows[i][1]))
            g_error("\"%s\" does not say \"%s\"", error->message, rows[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/go-regex/taken", test_taken);
    g_test_add_func("/go-regex/refused", test_refused);
    return g_test_run();
}
