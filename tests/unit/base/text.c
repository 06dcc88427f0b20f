/* Names, globs, quantities, times, durations, the nearest word. */
#include "base/text.h"

#include <string.h>

/* --- names ----------------------------------------------------------------------------- */

static char *repeated(const char *part, size_t count) {
    GString *out = g_string_new(NULL);
    while (count-- > 0)
        g_string_append(out, part);
    return g_string_free(out, FALSE);
}

typedef bool (*CheckFunc)(const char *text, GError **error);

static void check_all(CheckFunc check, const char *const *texts, bool want) {
    for (; *texts; texts++) {
        g_autoptr(GError) error = NULL;
        g_test_message("\"%s\"", *texts);
        g_assert_cmpint(check(*texts, &error), ==, want);
        if (want)
            g_assert_no_error(error);
        else
            g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void test_names(void) {
    g_autofree char *a63 = repeated("a", 63), *a64 = repeated("a", 64);
    g_autofree char *long_part = g_strdup_printf("%s.%s", a64, a64);
    g_autofree char *dotted = repeated("a.", 126), *a253 = g_strconcat(dotted, "b", NULL),
                    *a254 = g_strconcat(dotted, "bc", NULL);
    g_autofree char *key63 = g_strconcat("example.com/", a63, NULL), *key64 = g_strconcat("example.com/", a64, NULL);
    check_all(name_is_dns_label, (const char *[]){"a", "0", "a-b", "a--b", "0-9", a63, NULL}, true);
    check_all(name_is_dns_label,
              (const char *[]){"", "-a", "a-", "A", "a.b", "a_b", "a b", "\xc3\xa4", "a\n", a64, "a/b", NULL}, false);
    check_all(name_is_dns_subdomain, (const char *[]){"a", "a.b", "a-b.c-d.0", long_part, a253, NULL}, true);
    check_all(name_is_dns_subdomain,
              (const char *[]){"", ".", ".a", "a.", "a..b", "a.-b", "a-.b", "A.b", "a_b", a254, "..", "../x", NULL},
              false);
    check_all(name_is_label_key,
              (const char *[]){"a", "A", "a.b_c-d", "example.com/a", "kubernetes.io/os", "0/0", a63, key63, NULL},
              true);
    check_all(
        name_is_label_key,
        (const char *[]){"", "/a", "a/", "a/b/c", "-a", "a-", "A.com/a", "a b", "\xc3\xa4", "a!", a64, key64, NULL},
        false);
    check_all(name_is_label_value, (const char *[]){"", "a", "A_b.c-9", a63, NULL}, true);
    check_all(name_is_label_value, (const char *[]){"-a", "a-", ".a", "a/b", "a b", "a,b", a64, NULL}, false);
}

static void test_label_values(void) {
    g_autofree char *short_name = repeated("n", 63), *same = name_to_label_value(short_name);
    g_assert_cmpstr(same, ==, short_name);
    g_autofree char *name = g_strdup("the-really-long-location-name-that-is-much-more-than-63-characters");
    g_autofree char *value = name_to_label_value(name);
    g_assert_cmpuint(strlen(value), ==, 63);
    g_assert_true(strncmp(value, name, 57) == 0);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
    g_assert_true(strncmp(value + 57, sum, 6) == 0);
    g_assert_true(name_is_label_value(value, NULL));
}

/* --- globs -------------------------------------------------------------------------------- */

static void test_glob_validate(void) {
    check_all(glob_validate,
              (const char *[]){"", "*", "a", "a*", "*a*b*", "?", "[abc]", "[a-z]", "x[0-9]y[a]*", "[a-]", "[-a]", NULL},
              true);
    check_all(glob_validate,
              (const char *[]){"**", "a**b", "a|b", "(a)", "a)", "!a", "[!a]", "{a,b}", "a,b", "[]", "[", "a[", "]",
                               "a]", "[a", "[[a]", "[a]]", "a[]b", NULL},
              false);
    g_assert_true(glob_has_wildcard("a*"));
    g_assert_true(glob_has_wildcard("?"));
    g_assert_true(glob_has_wildcard("[a]"));
    g_assert_false(glob_has_wildcard("a-b.c"));
    g_assert_false(glob_has_wildcard(""));
}

static void test_glob_matches(void) {
    static const struct {
        const char *pattern, *text;
        bool want;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"a", "a", true},
        {"a", "A", false},
        {"*", "", true},
        {"*", "anything", true},
        {"a*", "a", true},
        {"a*", "ab", true},
        {"a*", "ba", false},
        {"*a", "ba", true},
        {"*a", "ab", false},
        {"*a*", "bab", true},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "aXcYb", false},
        {"a*a", "a", false},
        {"a*a", "aa", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a?c", "abc", true},
        {"??", "ab", true},
        {"*?", "", false},
        {"*?", "a", true},
        {"?*", "abc", true},
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[a-cx-z]", "y", true},
        {"[a-cx-z]", "m", false},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[z-a]", "m", false},
        {"[0-9]*", "7up", true},
        {"team-[ab]", "team-b", true},
        {"*[0-9]", "a1b2", true},
        {"*[0-9]", "a1b", false},
        {"*.apps", "x.y.apps", true},
        {"[", "[", true},
        {"[a", "[a", true},
        {"a.c", "abc", false},
        {"?", "\xc3\xa4", true},
        {"[\xc3\xa4-\xc3\xb6]", "\xc3\xa5", true},
        {"\xff", "\xff", true},
        {"*", "\xff", false},
        {"prod-*-db", "prod-eu-west-db", true},
        {"*abc", "ababc", true},
        {"*ab*ab", "abab", true},
        {"*ab*ab", "aba", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %zu", i);
        g_assert_cmpint(glob_matches(cases[i].pattern, cases[i].text), ==, cases[i].want);
    }
    /* Would take longer than the world is old with one branch a star. */
    g_autofree char *pattern = repeated("*a", 200), *hard = g_strconcat(pattern, "b", NULL),
                    *text = repeated("a", 2000);
    g_assert_false(glob_matches(hard, text));
    g_assert_true(glob_matches(pattern, text));
}

/* --- quantities ------------------------------------------------------------------------------ */

static void test_quantity_validate(void) {
    g_autofree char *digits = repeated("9", 200), *too_long = repeated("9", 300);
    check_all(quantity_validate,
              (const char *[]){"0",   "1",   "-1",  "+1",  "1.5",  ".5",   "5.",          "100m",  "1n",  "1u",
                               "1k",  "1M",  "1G",  "1T",  "1P",   "1E",   "1Ki",         "1.5Mi", "1Gi", "1Ti",
                               "1Pi", "1Ei", "1e3", "1E3", "1e+3", "1e-3", "0.000000001", digits,  NULL},
              true);
    check_all(quantity_validate,
              (const char *[]){"",    ".",   "-",    "+",   "m",     "Ki",    "1K",     "1ki", "1KI", "1kb",
                               "1 ",  " 1",  "1 Gi", "1e",  "1e+",   "1e3Gi", "1.2.3",  "1,5", "--1", "1e99999999999",
                               "0x1", "1mm", "NaN",  "inf", "1e3.5", "1B",    too_long, NULL},
              false);
}

static void test_quantity_compare(void) {
    static const struct {
        const char *a, *b;
        int want;
    } cases[] = {
        {"1Gi", "1024Mi", 0},
        {"0.1", "100m", 0},
        {"1e3", "1k", 0},
        {"1E3", "1000", 0},
        {"1E", "1e18", 0},
        {"1Ki", "1024", 0},
        {"1Ei", "1152921504606846976", 0},
        {"0.5Gi", "512Mi", 0},
        {"1.5Gi", "1536Mi", 0},
        {"1Gi", "1G", 1},
        {"999Mi", "1Gi", -1},
        {"0", "-0", 0},
        {"0", "0Ki", 0},
        {"-1", "1", -1},
        {"-2", "-1", -1},
        {"-100m", "-0.1", 0},
        {"1n", "0.000000001", 0},
        {"1u", "1000n", 0},
        {"1m", "1u", 1},
        {"9223372036854775807", "9223372036854775808", -1},
        {"1e100", "1e99", 1},
        {"1e1000000000", "1", 1},
        {"1e-1000000000", "1", -1},
        {"1e-1000000000", "0", 1},
        {"0e1000000000", "0", 0},
        {"123456789012345678901234567890Ki", "126419751948641975194864197519360", 0},
        {"0.1Ki", "102.4", 0},
        {"1.0000000001Gi", "1Gi", 1},
        {"00012", "12.000", 0},
        {"+5", "5", 0},
        {"0.3", "300m", 0},
        {"1.1", "1100m", 0},
        {"2Ti", "2199023255552", 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        int order = 99;
        g_test_message("%s %s", cases[i].a, cases[i].b);
        g_assert_true(quantity_compare(cases[i].a, cases[i].b, &order, &error));
        g_assert_no_error(error);
        g_assert_cmpint(order, ==, cases[i].want);
        g_assert_true(quantity_compare(cases[i].b, cases[i].a, &order, NULL));
        g_assert_cmpint(order, ==, -cases[i].want);
    }
    int order;
    g_assert_false(quantity_compare("x", "1", &order, NULL));
    g_assert_false(quantity_compare("1", "x", &order, NULL));
}

/* --- times ------------------------------------------------------------------------------------ */

static void test_time_parse(void) {
    static const struct {
        const char *text;
        gint64 want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:01.5Z", 1500000},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2026-11-24T12:00:00Z", 1795521600000000},
        {"2026-11-24T13:00:00+01:00", 1795521600000000},
        {"2026-11-24T06:30:00-05:30", 1795521600000000},
        {"2026-11-24T12:00:00.123456789Z", 1795521600123456},
        {"2026-11-24T12:00:00.000000999Z", 1795521600000000},
        {"2000-02-29T00:00:00Z", 951782400000000},
        {"2026-11-24t12:00:00z", 1795521600000000},
        {"2016-12-31T23:59:60Z", 1483228800000000},
        {"0001-01-01T00:00:00Z", -62135596800000000},
        {"9999-12-31T23:59:59Z", 253402300799000000},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gint64 us = 0;
        g_assert_true(time_parse(cases[i].text, &us, &error));
        g_assert_no_error(error);
        g_assert_cmpint(us, ==, cases[i].want);
    }
    static const char *const wrong[] = {
        "",
        "2026-11-24",
        "2026-11-24T12:00:00",
        "2026-11-24 12:00:00Z",
        "2026-11-24T12:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T12:60:00Z",
        "2026-11-24T12:00:61Z",
        "2026-11-24T12:00:00.Z",
        "2026-11-24T12:00:00,5Z",
        "2026-11-24T12:00:00+0100",
        "2026-11-24T12:00:00+24:00",
        "2026-11-24T12:00:00+01:60",
        "2026-11-24T12:00:00Zx",
        "2026-11-24T12:00:00Z ",
        " 2026-11-24T12:00:00Z",
        "26-11-24T12:00:00Z",
        "+2026-11-24T12:00:00Z",
        "2026-1-24T12:00:00Z",
        "20261-11-24T12:00:00Z",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        gint64 us;
        g_test_message("%s", wrong[i]);
        g_assert_false(time_parse(wrong[i], &us, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void test_time_format(void) {
    static const gint64 times[] = {0, -1, 1, 1795521600123456, -62135596800000000, 253402300799999999};
    static const char *const seconds[] = {"1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
                                          "2026-11-24T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"};
    static const char *const nanos[] = {"1970-01-01T00:00:00.000000000Z", "1969-12-31T23:59:59.999999000Z",
                                        "1970-01-01T00:00:00.000001000Z", "2026-11-24T12:00:00.123456000Z",
                                        "0001-01-01T00:00:00.000000000Z", "9999-12-31T23:59:59.999999000Z"};
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autofree char *text = time_format(times[i]), *precise = time_format_nanos(times[i]);
        g_assert_cmpstr(text, ==, seconds[i]);
        g_assert_cmpstr(precise, ==, nanos[i]);
        gint64 back;
        g_assert_true(time_parse(precise, &back, NULL));
        g_assert_cmpint(back, ==, times[i]);
    }
}

/* --- durations ---------------------------------------------------------------------------------- */

static void test_duration_parse(void) {
    static const struct {
        const char *text;
        gint64 want;
    } cases[] = {
        {"0", 0},
        {"+0", 0},
        {"-0", 0},
        {"0s", 0},
        {"30s", 30000000},
        {"1h30m", 5400000000},
        {"720h0m0s", 2592000000000},
        {"1.5s", 1500000},
        {".5s", 500000},
        {"1.s", 1000000},
        {"-1.5h", -5400000000},
        {"+5s", 5000000},
        {"300ms", 300000},
        {"1us", 1},
        {"1\xc2\xb5s", 1},
        {"1\xce\xbcs", 1},
        {"1000ns", 1},
        {"499ns", 0},
        {"1500ns", 2},
        {"1m1s1ms1us", 61001001},
        {"0.000001s", 1},
        {"0.333333333333333333333333h", 1200000000},
        {"1h1h", 7200000000},
        {"0.1s", 100000},
        {"0.3s", 300000},
        {"2562047h47m16.854775807s", 9223372036854776},
        {"-2562047h", -9223369200000000},
        {"9223372036854775807ns", 9223372036854776},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gint64 us = -77;
        g_test_message("%s", cases[i].text);
        g_assert_true(duration_parse(cases[i].text, &us, &error));
        g_assert_no_error(error);
        g_assert_cmpint(us, ==, cases[i].want);
    }
    static const char *const wrong[] = {"",
                                        "3",
                                        "-",
                                        "+",
                                        "s",
                                        ".s",
                                        ".",
                                        "1x",
                                        "1d",
                                        "1 s",
                                        " 1s",
                                        "1s ",
                                        "1h 30m",
                                        "1e3s",
                                        "--1s",
                                        "1s-1s",
                                        "00",
                                        "1h30",
                                        "1.2.3s",
                                        "0x1s",
                                        "1S",
                                        "2562048h",
                                        "99999999999999999999s",
                                        "1mss",
                                        "-00",
                                        "1h-",
                                        "9223372036854775808ns"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        gint64 us;
        g_test_message("%s", wrong[i]);
        g_assert_false(duration_parse(wrong[i], &us, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void test_duration_format(void) {
    static const struct {
        gint64 us;
        const char *want;
    } cases[] = {
        {0, "0s"},
        {1, "1\xc2\xb5s"},
        {999, "999\xc2\xb5s"},
        {1000, "1ms"},
        {1500, "1.5ms"},
        {999999, "999.999ms"},
        {1000000, "1s"},
        {1000001, "1.000001s"},
        {59999999, "59.999999s"},
        {60000000, "1m0s"},
        {90500000, "1m30.5s"},
        {3600000000, "1h0m0s"},
        {2592000000000, "720h0m0s"},
        {5400000000, "1h30m0s"},
        {-1500000, "-1.5s"},
        {-1, "-1\xc2\xb5s"},
        {9223372036854776, "2562047h47m16.854776s"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = duration_format(cases[i].us);
        g_assert_cmpstr(text, ==, cases[i].want);
    }
    g_autofree char *least = duration_format(G_MININT64);
    g_assert_true(g_str_has_prefix(least, "-2562047788h"));
}

static void test_duration_format_short(void) {
    static const struct {
        gint64 seconds;
        const char *want;
    } cases[] = {
        {-5, "0s"},
        {0, "0s"},
        {1, "1s"},
        {119, "119s"},
        {120, "2m"},
        {150, "2m30s"},
        {330, "5m30s"},
        {599, "9m59s"},
        {600, "10m"},
        {630, "10m"},
        {10799, "179m"},
        {10800, "3h"},
        {12600, "3h30m"},
        {28799, "7h59m"},
        {28800, "8h"},
        {172799, "47h"},
        {172800, "2d"},
        {176400, "2d1h"},
        {691199, "7d23h"},
        {691200, "8d"},
        {2505600, "29d"},
        {63071999, "729d"},
        {63072000, "2y"},
        {63158400, "2y1d"},
        {252287999, "7y364d"},
        {252288000, "8y"},
        {3153600000, "100y"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = duration_format_short(cases[i].seconds * G_USEC_PER_SEC);
        g_assert_cmpstr(text, ==, cases[i].want);
    }
}

static void test_bytes_format(void) {
    static const struct {
        guint64 bytes;
        const char *want;
    } cases[] = {
        {0, "0 B"},
        {1, "1 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {1048524, "1023.9 KiB"},
        {1048570, "1.0 MiB"},
        {1048576, "1.0 MiB"},
        {1258291, "1.2 MiB"},
        {1073741824, "1.0 GiB"},
        {G_MAXUINT64, "16.0 EiB"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = bytes_format(cases[i].bytes);
        g_assert_cmpstr(text, ==, cases[i].want);
    }
}

static void test_glob_with_separator(void) {
    static const struct {
        const char *pattern, *text;
        bool want;
    } cases[] = {
        {"deployments.apps", "deployments.apps", true},
        {"deployments.apps", "deployments-apps", false},
        {"deployments.apps", "deployments.apps\n", false},
        {"*", "pods", true},
        {"*", "deployments.apps", false},
        {"**", "deployments.apps", true},
        {"*.apps", "deployments.apps", true},
        {"*.apps", "a.b.apps", false},
        {"?ods", "pods", true},
        {"?ods", ".ods", false},
        {"{pods,jobs.batch}", "jobs.batch", true},
        {"{pods,jobs.batch}", "jobs", false},
        {"[a-p]ods", "pods", true},
        {"[!a-p]ods", "pods", false},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"a,b", "a,b", true},
        {"", "", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GRegex) glob = glob_compile(cases[i].pattern, '.', NULL);
        g_test_message("%s %s", cases[i].pattern, cases[i].text);
        g_assert_cmpint(g_regex_match(glob, cases[i].text, 0, NULL), ==, cases[i].want);
    }
    static const char *const bad[] = {"[", "[]", "{a", "a}", "[z-a]", "\xff"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(glob_compile(bad[i], '.', &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void test_quantity_bytes(void) {
    static const struct {
        const char *text;
        gint64 bytes; /* -1: refused */
    } cases[] = {{"0", 0},
                 {"1", 1},
                 {"64Mi", 64 << 20},
                 {"1.5Ki", 1536},
                 {"2e3", 2000},
                 {"1000m", 1},
                 {"9223372036854775807", G_MAXINT64},
                 {"9223372036854775808", -1},
                 {"8Ei", -1},
                 {"1e30", -1},
                 {"1e-30", -1},
                 {"1m", -1},
                 {"0.1", -1},
                 {"-1", -1},
                 {"", -1},
                 {"64MB", -1}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gint64 bytes = -1;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(quantity_bytes(cases[i].text, &bytes, &error), ==, cases[i].bytes >= 0);
        g_assert_true(error || bytes == cases[i].bytes);
        g_assert_true((cases[i].bytes < 0) == g_error_matches(error, BASE_ERROR, BASE_ERROR_INVALID));
    }
}

static void test_print(void) {
    g_autofree char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    text_print(out, "%s:\t%s\n", "a\033[2J\rb", "\xc2\x9b\xff\xe2\x80\xae");
    fclose(out);
    g_assert_cmpstr(text, ==, "a\\x1b[2J\\x0db:\t\\u009b\xef\xbf\xbd\\u202e\n");
}

static void test_nearest(void) {
    static const char *const words[] = {"include-namespaces", "include-resources", "namespace", "ls", NULL};
    g_assert_cmpstr(text_nearest("include-namespace", words), ==, "include-namespaces");
    g_assert_cmpstr(text_nearest("Namspace", words), ==, "namespace");
    g_assert_cmpstr(text_nearest("resources", words), ==, "include-resources");
    g_assert_cmpstr(text_nearest("lst", words), ==, "ls");
    g_assert_cmpstr(text_nearest("ns", words), ==, "ls");
    g_assert_null(text_nearest("xy", words));
    g_assert_null(text_nearest("quite-another", words));
    g_autofree char *hint = text_did_you_mean("ls"), *none = text_did_you_mean(NULL);
    g_assert_cmpstr(hint, ==, "; did you mean ls?");
    g_assert_cmpstr(none, ==, "");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/names", test_names);
    g_test_add_func("/text/label-values", test_label_values);
    g_test_add_func("/text/glob-validate", test_glob_validate);
    g_test_add_func("/text/glob-matches", test_glob_matches);
    g_test_add_func("/text/glob-with-separator", test_glob_with_separator);
    g_test_add_func("/text/quantity-validate", test_quantity_validate);
    g_test_add_func("/text/quantity-compare", test_quantity_compare);
    g_test_add_func("/text/quantity-bytes", test_quantity_bytes);
    g_test_add_func("/text/print", test_print);
    g_test_add_func("/text/nearest", test_nearest);
    g_test_add_func("/text/time-parse", test_time_parse);
    g_test_add_func("/text/time-format", test_time_format);
    g_test_add_func("/text/duration-parse", test_duration_parse);
    g_test_add_func("/text/duration-format", test_duration_format);
    g_test_add_func("/text/duration-format-short", test_duration_format_short);
    g_test_add_func("/text/bytes-format", test_bytes_format);
    return g_test_run();
}
