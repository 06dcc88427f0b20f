/* A report as a page that stands alone (report-page.c). */
#include "base/text.h"
#include "sonobuoy/health.h"
#include "sonobuoy/report-internal.h"

#include <errno.h>
#include <string.h>

enum {
    MESSAGE_MAX = 32 * 1024, /* of a failure; as much of what it printed, where there is no log */
    SHORT_MAX = 1024,
    OWN_MAX = 4 * 1024,          /* of what a test with a status of the plugin's own says */
    ARTICLES_MAX = 5000,         /* failures that are shown with what they say */
    ROWS_MAX = 50 * 1000,        /* tests in a list, rows in a table */
    TEXTS_MAX = 48 * 1024 * 1024 /* of all failures: past that they are shown without their logs, and shortly */
};

typedef struct {
    const ReportRequest *request;
    FILE *out, *lists; /* lists: what goes behind the failures, kept in an unnamed file */
    ReportLogs *logs;
    ReportSamples *samples;
    ReportRun run;
    guint64 plugins;
    GString *table; /* rows of the table of plugins */
    /* While a list is written. */
    Outcome outcome;
    gint64 counts[OUTCOME_OWN + 1];
    gint64 rows;
    guint failures;
    gint64 texts;
} Page;

/* --- what all of it is counted by ------------------------------------------------------------------ */

static bool count_item(const ReportItem *item, void *data, GError **error) {
    Page *page = data;
    Outcome outcome = results_outcome(item->status);
    page->counts[outcome]++;
    if (outcome == OUTCOME_FAILED)
        report_logs_want(page->logs, item->plugin, item->name);
    return true;
}

static bool count_plugin(const ReportPlugin *plugin, void *data, GError **error) {
    Page *page = data;
    page->plugins++;
    page->counts[OUTCOME_FAILED] += plugin->trouble != NULL;
    return report_each_item(page->request, plugin, count_item, page, error);
}

static const char *class_of(const char *status) {
    static const char *const classes[] = {"passed", "failed", "skipped", "other"};
    return g_str_equal(status, "unreadable") ? "failed" : classes[results_outcome(status)];
}

static const char *plural(gint64 number, const char *one, const char *many) {
    return number == 1 ? one : many;
}

/* --- head --------------------------------------------------------------------------------------------- */

static bool has_failed(const Page *page) {
    return page->counts[OUTCOME_FAILED] > 0;
}

static void write_title(const Page *page) {
    const char *outcome = has_failed(page) ? "failed" : "passed";
    report_markup(page->out, "<header>\n<h1>Sonobuoy run <span class=\"badge %s\">%s</span></h1>\n<p class=\"facts\">",
                  outcome, outcome);
    report_markup(page->out, "<span>API server %s</span>", *page->run.server ? page->run.server : "of unknown version");
    report_markup(page->out, "<span>%" G_GINT64_FORMAT " %s</span>", (gint64)page->plugins,
                  plural((gint64)page->plugins, "plugin", "plugins"));
    if (*page->run.version)
        report_markup(page->out, "<span>run by Sonobuoy %s</span>", page->run.version);
    if (*page->run.uuid)
        report_markup(page->out, "<span>run %s</span>", page->run.uuid);
    fputs("</p>\n", page->out);
}

static void write_count_card(const Page *page, Outcome outcome, const char *target, const char *class,
                             const char *label) {
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, page->counts[outcome]);
    report_page_card(page->out, target, page->counts[outcome] > 0 ? class : "", number, label);
}

static void write_share_card(const Page *page, const char *key, const char *target, const char *label) {
    yyjson_val *health = json_get(yyjson_doc_get_root(page->run.health), key);
    gint64 total = json_int(json_get(health, "total_nodes"), 0),
           healthy = json_int(json_get(health, "healthy_nodes"), 0);
    g_autofree char *share = g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, healthy, total);
    if (total > 0)
        report_page_card(page->out, target, healthy < total ? "is-failed" : "is-passed", share, label);
}

static void write_summary(const Page *page) {
    FILE *out = page->out;
    fputs("<ul class=\"cards\">\n", out);
    write_count_card(page, OUTCOME_FAILED, "failures", "is-failed", "did not pass");
    write_count_card(page, OUTCOME_PASSED, "plugins", "is-passed", "passed");
    if (page->counts[OUTCOME_OWN] > 0)
        write_count_card(page, OUTCOME_OWN, "plugins", "", "other");
    write_count_card(page, OUTCOME_SKIPPED, "plugins", "", "skipped");
    if (page->request->health) {
        write_share_card(page, "node_health", "nodes", "nodes healthy");
        write_share_card(page, "pod_health", "pods", "pods healthy");
    }
    fputs("</ul>\n", out);
    report_page_bar(out, page->counts[OUTCOME_PASSED], page->counts[OUTCOME_FAILED], page->counts[OUTCOME_OWN]);
    fputs("</header>\n", out);
    report_page_search(out, "tests, failures, nodes, pods", "test");
}

/* --- failures ------------------------------------------------------------------------------------------ */

static guint lines_of(const char *text) {
    guint lines = 1;
    for (size_t i = 0; text[i]; i++)
        lines += text[i] == '\n' && text[i + 1];
    return lines;
}

static void write_pre(Page *page, const char *class, const char *text) {
    report_markup(page->out, "<pre class=\"%s\">", class);
    report_escape(page->out, text, false);
    fputs("</pre>\n", page->out);
    page->texts += (gint64)strlen(text);
}

static void write_log(Page *page, const char *name, const char *text) {
    if (!text || !*text)
        return;
    if (page->texts > TEXTS_MAX) {
        report_markup(page->out, "<p class=\"none\">%s left out: the page has enough.</p>\n", name);
        return;
    }
    guint lines = lines_of(text);
    report_markup(page->out, "<details class=\"log\"><summary>%s <small>%" G_GINT64_FORMAT " %s</small></summary>\n",
                  name, (gint64)lines, plural(lines, "line", "lines"));
    write_pre(page, "log", text);
    fputs("</details>\n", page->out);
}

/* What the test printed, by JUnit's account. */
static void write_output(Page *page, const ReportItem *item, const char *key) {
    const char *text = json_mut_get_string(item->item, "details", key);
    g_autofree char *cut = text ? report_cut(text, strlen(text), MESSAGE_MAX) : NULL;
    write_log(page, key, cut);
}

static void write_where(FILE *out, const ReportItem *item) {
    g_autofree char *path = report_path(item, " / ");
    report_markup(out, "<p class=\"where\"><span class=\"badge %s\">%s</span> %s%s%s</p>\n", class_of(item->status),
                  item->status, item->plugin, *path ? " / " : "", path);
}

static void write_article(Page *page, const ReportItem *item) {
    g_autofree char *message = report_message(item, page->texts > TEXTS_MAX ? SHORT_MAX : MESSAGE_MAX);
    const char *log = report_logs_get(page->logs, item->plugin, item->name);
    report_markup(page->out,
                  "<article id=\"f%" G_GINT64_FORMAT "\">\n<h3><a href=\"#f%" G_GINT64_FORMAT "\">%s</a></h3>\n",
                  (gint64)page->failures, (gint64)page->failures, report_name(item));
    write_where(page->out, item);
    if (*message && !g_str_equal(message, item->name))
        write_pre(page, "said", message);
    write_log(page, "e2e.log", log);
    if (!log) {
        write_output(page, item, "system-out");
        write_output(page, item, "system-err");
    }
    fputs("</article>\n", page->out);
}

static void write_unreadable(Page *page, const ReportPlugin *plugin) {
    page->failures++;
    report_markup(page->out,
                  "<article id=\"f%" G_GINT64_FORMAT "\">\n<h3>Results of %s</h3>\n<p class=\"where\"><span "
                  "class=\"badge failed\">unreadable</span></p>\n",
                  (gint64)page->failures, plugin->name);
    write_pre(page, "said", plugin->trouble);
    fputs("</article>\n", page->out);
}

/* --- lists of tests ------------------------------------------------------------------------------------- */

static void write_row(const Page *page, const ReportItem *item) {
    FILE *out = page->lists;
    const char *name = report_name(item);
    fputs("<li>", out);
    if (page->outcome == OUTCOME_OWN || (page->outcome == OUTCOME_FAILED && !g_str_equal(item->status, "failed")))
        report_markup(out, "<span class=\"badge %s\">%s</span> ", class_of(item->status), item->status);
    if (page->outcome == OUTCOME_FAILED && page->failures <= ARTICLES_MAX)
        report_markup(out, "<a href=\"#f%" G_GINT64_FORMAT "\">%s</a>", (gint64)page->failures, name);
    else
        report_markup(out, "%s", name);
    if (item->node)
        report_markup(out, " <small>%s</small>", item->node);
    g_autofree char *message = page->outcome == OUTCOME_OWN ? report_message(item, OWN_MAX) : g_strdup("");
    if (*message) {
        fputs("<details><summary>details</summary><pre>", out);
        report_escape(out, message, false);
        fputs("</pre></details>", out);
    }
    fputs("</li>\n", out);
}

static bool write_item(const ReportItem *item, void *data, GError **error) {
    Page *page = data;
    if (results_outcome(item->status) != page->outcome)
        return true;
    if (page->outcome == OUTCOME_FAILED && ++page->failures <= ARTICLES_MAX)
        write_article(page, item);
    if (page->rows++ < ROWS_MAX)
        write_row(page, item);
    return true;
}

static bool count_only(const ReportItem *item, void *data, GError **error) {
    Page *page = data;
    page->counts[results_outcome(item->status)]++;
    return true;
}

static bool write_list(Page *page, const ReportPlugin *plugin, Outcome outcome, GError **error) {
    static const char *const titles[] = {"Passed", "Did not pass", "Skipped", "Other"};
    if (page->counts[outcome] == 0)
        return true;
    page->outcome = outcome;
    page->rows = 0;
    report_markup(page->lists,
                  "<details class=\"tests\"><summary>%s <small>%" G_GINT64_FORMAT "</small></summary>\n<ul>\n",
                  titles[outcome], page->counts[outcome]);
    if (!report_each_item(page->request, plugin, write_item, page, error))
        return false;
    if (page->rows > ROWS_MAX)
        report_markup(page->lists,
                      "<li class=\"more\">and %" G_GINT64_FORMAT " more: sonobuoy results --mode detailed</li>\n",
                      page->rows - ROWS_MAX);
    fputs("</ul>\n</details>\n", page->lists);
    return true;
}

static void add_cell(GString *row, gint64 number) {
    g_string_append_printf(row, "<td class=\"number%s\">%" G_GINT64_FORMAT "</td>", number ? "" : " zero", number);
}

static void add_table_row(Page *page, const ReportPlugin *plugin, guint64 number) {
    ReportCounts counts = report_counts(plugin);
    const char *status = report_status(plugin);
    g_autofree char *name = g_markup_escape_text(plugin->name, -1), *word = text_printable(status);
    g_autofree char *shown = g_markup_escape_text(word, -1);
    g_string_append_printf(page->table,
                           "<tr><td><a href=\"#p%" G_GUINT64_FORMAT
                           "\">%s</a></td><td><span class=\"badge %s\">%s</span></td>",
                           number, name, class_of(status), shown);
    const gint64 cells[] = {counts.passed, counts.failed, counts.skipped, counts.other, counts.total};
    for (size_t i = 0; i < G_N_ELEMENTS(cells); i++)
        add_cell(page->table, cells[i]);
    g_string_append(page->table, "</tr>\n");
}

static bool write_plugin(const ReportPlugin *plugin, void *data, GError **error) {
    static const Outcome order[] = {OUTCOME_FAILED, OUTCOME_OWN, OUTCOME_PASSED, OUTCOME_SKIPPED};
    Page *page = data;
    add_table_row(page, plugin, ++page->plugins);
    memset(page->counts, 0, sizeof page->counts);
    if (plugin->trouble)
        write_unreadable(page, plugin);
    if (!report_each_item(page->request, plugin, count_only, page, error))
        return false;
    report_markup(page->lists,
                  "<div class=\"panel\" id=\"p%" G_GINT64_FORMAT
                  "\">\n<h3>%s <span class=\"badge %s\">%s</span></h3>\n",
                  (gint64)page->plugins, plugin->name, class_of(report_status(plugin)), report_status(plugin));
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (!write_list(page, plugin, order[i], error))
            return false;
    fputs("</div>\n", page->lists);
    return true;
}

static bool copy_lists(Page *page, GError **error) {
    g_autofree char *buffer = g_malloc(64 * 1024);
    size_t count;
    bool ok = fflush(page->lists) == 0 && !ferror(page->lists);
    rewind(page->lists);
    while (ok && (count = fread(buffer, 1, 64 * 1024, page->lists)) > 0)
        fwrite(buffer, 1, count, page->out);
    ok = ok && !ferror(page->lists);
    if (!ok)
        base_error_set_errno(error, errno, "the lists of tests cannot be kept in a temporary file");
    return ok;
}

/* Failures at once, lists behind them. */
static bool write_plugins(Page *page, gint64 failed, GError **error) {
    FILE *out = page->out;
    report_markup(out, "<section id=\"failures\">\n<h2>Did not pass <small>%" G_GINT64_FORMAT "</small></h2>\n",
                  failed);
    if (failed == 0)
        fputs("<p class=\"none\">Nothing failed.</p>\n", out);
    page->plugins = 0;
    if (!report_each_plugin(page->request, NULL, write_plugin, page, error))
        return false;
    if (page->failures > ARTICLES_MAX)
        report_markup(out, "<p class=\"more\">and %" G_GINT64_FORMAT " more, in the lists below</p>\n",
                      (gint64)(page->failures - ARTICLES_MAX));
    fputs("</section>\n<section id=\"plugins\">\n<h2>Plugins</h2>\n<div "
          "class=\"scroll\"><table>\n<thead><tr><th>Plugin</th>"
          "<th>Status</th><th class=\"number\">Passed</th><th class=\"number\">Failed</th><th "
          "class=\"number\">Skipped</th>"
          "<th class=\"number\">Other</th><th class=\"number\">Total</th></tr></thead>\n<tbody>\n",
          out);
    fputs(page->table->str, out);
    fputs("</tbody>\n</table></div>\n<h2>Tests</h2>\n", out);
    if (!copy_lists(page, error))
        return false;
    fputs("</section>\n", out);
    return true;
}

/* --- health ------------------------------------------------------------------------------------------------ */

static const char *text_of(yyjson_val *object, const char *key) {
    const char *text = json_get_string(object, key);
    return text ? text : "";
}

static void write_health_row(FILE *out, yyjson_val *one, bool with_namespace) {
    bool healthy = yyjson_get_bool(yyjson_obj_get(one, "healthy"));
    fputs("<tr class=\"entry\">", out);
    if (with_namespace)
        report_markup(out, "<td>%s</td>", text_of(one, "namespace"));
    report_markup(out, "<td>%s</td><td><span class=\"badge %s\">%s</span></td>", text_of(one, "name"),
                  healthy ? "passed" : "failed", healthy ? "healthy" : "not healthy");
    report_markup(out, "<td>%s</td><td>%s</td><td class=\"message\">%s</td></tr>\n", text_of(one, "ready"),
                  text_of(one, "reason"), text_of(one, "message"));
}

static void write_health_table(FILE *out, yyjson_val *details, bool healthy, bool with_namespace) {
    size_t index, count;
    gint64 rows = 0;
    yyjson_val *one;
    fprintf(out,
            "<div class=\"scroll\"><table>\n<thead><tr>%s<th>Name</th><th>Health</th><th>Ready</th><th>Reason</th>"
            "<th>Message</th></tr></thead>\n<tbody>\n",
            with_namespace ? "<th>Namespace</th>" : "");
    yyjson_arr_foreach(details, index, count, one) {
        if (yyjson_get_bool(yyjson_obj_get(one, "healthy")) == healthy && rows++ < ROWS_MAX)
            write_health_row(out, one, with_namespace);
    }
    fputs("</tbody>\n</table></div>\n", out);
    if (rows > ROWS_MAX)
        report_markup(out, "<p class=\"more\">and %" G_GINT64_FORMAT " more</p>\n", rows - ROWS_MAX);
}

static void write_health(FILE *out, const char *id, const char *title, yyjson_val *health, bool with_namespace) {
    gint64 total = json_int(json_get(health, "total_nodes"), 0), ailing = 0;
    yyjson_val *details = json_get(health, "details"), *one;
    size_t index, count;
    yyjson_arr_foreach(details, index, count, one)
        ailing += !yyjson_get_bool(yyjson_obj_get(one, "healthy"));
    report_markup(out, "<section id=\"%s\">\n<h2>%s", id, title);
    if (total > 0)
        report_markup(out, " <small>%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " healthy</small>",
                      json_int(json_get(health, "healthy_nodes"), 0), total);
    fputs("</h2>\n", out);
    if (total == 0)
        fputs("<p class=\"none\">The archive does not say.</p>\n", out);
    if (ailing > 0)
        write_health_table(out, details, false, with_namespace);
    gint64 well = (gint64)yyjson_arr_size(details) - ailing;
    if (well > 0) {
        report_markup(out, "<details class=\"tests\"><summary>Healthy <small>%" G_GINT64_FORMAT "</small></summary>\n",
                      well);
        write_health_table(out, details, true, with_namespace);
        fputs("</details>\n", out);
    }
    fputs("</section>\n", out);
}

static void write_hits(const Page *page, const char *class, yyjson_val *files) {
    FILE *out = page->out;
    g_autoptr(GArray) list = health_hits(files);
    if (list->len == 0)
        return;
    report_markup(out,
                  "<div class=\"scroll\"><table>\n<thead><tr><th class=\"number\">%s</th><th>File in the "
                  "archive</th></tr></thead>\n<tbody>\n",
                  class);
    for (guint i = 0; i < MIN(list->len, ROWS_MAX); i++) {
        const HealthHits *hits = &g_array_index(list, HealthHits, i);
        const char *lines = report_samples_get(page->samples, class, hits->file);
        report_markup(out, "<tr class=\"entry\"><td class=\"number\">%" G_GINT64_FORMAT "</td><td>", hits->count);
        if (lines) {
            report_markup(out, "<details class=\"lines\"><summary>%s</summary><pre>", hits->file);
            report_escape(out, lines, false);
            fputs("</pre></details>", out);
        } else {
            report_markup(out, "%s", hits->file);
        }
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

static void write_logs(const Page *page) {
    yyjson_val *summary = json_get(yyjson_doc_get_root(page->run.health), "error_summary"), *key, *files;
    fputs(
        "<section id=\"logs\">\n<h2>Found in pods' logs <small>lines that look like errors and warnings</small></h2>\n",
        page->out);
    if (yyjson_obj_size(summary) == 0)
        fprintf(page->out, "<p class=\"none\">%s</p>\n", summary ? "Nothing." : "The archive does not say.");
    json_foreach_member(summary, key, files)
        write_hits(page, yyjson_get_str(key), files);
    fputs("</section>\n", page->out);
}

static void write_cluster(const Page *page) {
    yyjson_val *root = yyjson_doc_get_root(page->run.health);
    write_health(page->out, "nodes", "Nodes", json_get(root, "node_health"), false);
    write_health(page->out, "pods", "Pods", json_get(root, "pod_health"), true);
    write_logs(page);
}

/* --- the page ------------------------------------------------------------------------------------------------- */

/* What e2e.log says of failures, and pods' logs of their troubles, on one way through the archive. */
static bool read_log(const char *path, guint64 size, Source *content, void *data, GError **error) {
    enum { PIECE = 64 * 1024 };
    Page *page = data;
    g_autofree char *plugin = report_logs_plugin(path);
    bool sample = !plugin && report_samples_begin(page->samples, path), more = plugin || sample;
    g_autofree char *piece = more ? g_malloc(PIECE) : NULL;
    gssize count = 0;
    if (plugin)
        report_logs_begin(page->logs, plugin);
    while (more && !cancel_check(page->request->cancel, error) &&
           (count = source_read(content, piece, PIECE, error)) > 0) {
        if (plugin)
            report_logs_feed(page->logs, piece, (size_t)count);
        else
            more = report_samples_feed(page->samples, piece, (size_t)count);
    }
    if (plugin)
        report_logs_end(page->logs);
    else if (sample)
        report_samples_end(page->samples);
    return count >= 0 && !cancel_is_set(page->request->cancel);
}

/* What failed is counted first, as the page begins with it and with what logs say of it. */
static bool prepare(Page *page, ReportEnd *end, GError **error) {
    if (!report_each_plugin(page->request, end, count_plugin, page, error))
        return false;
    report_run_read(page->request, &page->run, end);
    page->samples = report_samples_new(json_get(yyjson_doc_get_root(page->run.health), "error_summary"));
    bool samples = page->request->health && report_samples_any(page->samples);
    GError *failure = NULL;
    if ((samples || report_logs_any(page->logs)) && !run_archive_walk(page->request->archive, read_log, page, &failure))
        report_trouble(end, failure);
    if (cancel_check(page->request->cancel, error))
        return false;
    page->lists = tmpfile();
    if (!page->lists)
        base_error_set_errno(error, errno, "no temporary file can be had for the lists of tests");
    return page->lists != NULL;
}

static bool write_page(Page *page, GError **error) {
    gint64 failed = page->counts[OUTCOME_FAILED];
    report_page_begin(page->out, has_failed(page) ? "failed" : "passed");
    write_title(page);
    write_summary(page);
    fputs("<main>\n", page->out);
    if (!write_plugins(page, failed, error))
        return false;
    if (page->request->health)
        write_cluster(page);
    fputs("</main>\n", page->out);
    report_page_end(page->out);
    return true;
}

bool report_html(const ReportRequest *request, ReportEnd *end, FILE *out, GError **error) {
    g_autoptr(ReportLogs) logs = report_logs_new();
    g_autoptr(GString) table = g_string_new(NULL);
    Page page = {.request = request, .out = out, .logs = logs, .table = table};
    bool ok = prepare(&page, end, error) && write_page(&page, error);
    if (page.lists)
        fclose(page.lists);
    report_run_clear(&page.run);
    report_samples_free(page.samples);
    return ok;
}
