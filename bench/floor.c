/* The floor: what plain requests cost, without doing anything with the answers.
 *
 *   bench-floor list   OPTIONS [--page N] [--gzip]   fetches every page of the kinds that a backup holds
 *   bench-floor create OPTIONS --file BODIES         posts bodies; a line each: path, tab, JSON
 *
 * OPTIONS: --server URL --cert FILE --key FILE --cacert FILE [--connections N]
 *
 * One thread and one keep-alive HTTP/1.1 connection a worker. Prints one line of name=value: objects,
 * requests, bytes, wall, user and sys in seconds, peak in KiB. bench/ark runs it beside ark. */
#include <curl/curl.h>
#include <yyjson.h>

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { CONNECTIONS_MAX = 256, KINDS_MAX = 4096, PATH_SIZE = 1024, METADATA_SIZE = 8192 };

typedef struct {
    const char *server, *cert, *key, *cacert, *file;
    unsigned connections, page;
    bool gzip;
} Options;

typedef struct {
    char *data;
    size_t length, capacity;
} Buffer;

typedef struct {
    const char *path; /* not ended by a zero */
    size_t path_length;
    const char *body;
    size_t body_length;
} Post;

/* What the workers share. */
typedef struct {
    const Options *options;
    char **paths; /* list: a kind's list each */
    Post *posts;  /* create */
    size_t count;
    atomic_size_t next;
    atomic_ullong objects, requests, bytes;
    atomic_bool failed;
} Job;

typedef struct {
    CURL *easy;
    struct curl_slist *headers;
    Buffer answer;
} Connection;

static void die(const char *what, const char *detail) {
    fprintf(stderr, "bench-floor: %s: %s\n", what, detail);
    exit(1);
}

static void *must(void *memory) {
    if (!memory)
        die("no memory", strerror(errno));
    return memory;
}

/* libcurl's write callback: appends to the answer. */
static size_t keep(char *data, size_t size, size_t members, void *user) {
    Buffer *buffer = user;
    size_t length = size * members;
    if (buffer->length + length + 1 > buffer->capacity) {
        buffer->capacity = (buffer->length + length + 1) * 2;
        buffer->data = must(realloc(buffer->data, buffer->capacity));
    }
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = 0;
    return length;
}

static void connection_open(Connection *connection, const Options *options, const char *accept) {
    char header[256];
    memset(connection, 0, sizeof *connection);
    connection->easy = must(curl_easy_init());
    snprintf(header, sizeof header, "Accept: %s", accept);
    connection->headers = must(curl_slist_append(NULL, header));
    connection->headers = must(curl_slist_append(connection->headers, "Content-Type: application/json"));
    connection->headers = must(curl_slist_append(connection->headers, "Expect:"));
    curl_easy_setopt(connection->easy, CURLOPT_HTTPHEADER, connection->headers);
    curl_easy_setopt(connection->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(connection->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(connection->easy, CURLOPT_CAINFO, options->cacert);
    curl_easy_setopt(connection->easy, CURLOPT_SSLCERT, options->cert);
    curl_easy_setopt(connection->easy, CURLOPT_SSLKEY, options->key);
    curl_easy_setopt(connection->easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(connection->easy, CURLOPT_WRITEDATA, &connection->answer);
    curl_easy_setopt(connection->easy, CURLOPT_BUFFERSIZE, 256L * 1024);
    if (options->gzip)
        curl_easy_setopt(connection->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static void connection_close(Connection *connection) {
    curl_easy_cleanup(connection->easy);
    curl_slist_free_all(connection->headers);
    free(connection->answer.data);
}

/* One request; the answer's HTTP status, or 0 where there was none. */
static long ask(Connection *connection, const Options *options, const char *path, size_t path_length, Job *job) {
    char url[PATH_SIZE * 8];
    long status = 0;
    curl_off_t received = 0;
    int length = snprintf(url, sizeof url, "%s%.*s", options->server, (int)path_length, path);
    if (length < 0 || (size_t)length >= sizeof url)
        die("path too long", path);
    connection->answer.length = 0;
    curl_easy_setopt(connection->easy, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(connection->easy);
    if (code != CURLE_OK) {
        fprintf(stderr, "bench-floor: %s: %s\n", url, curl_easy_strerror(code));
        return 0;
    }
    curl_easy_getinfo(connection->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(connection->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    if (job) {
        atomic_fetch_add(&job->requests, 1);
        atomic_fetch_add(&job->bytes, (unsigned long long)received);
    }
    return status;
}

static bool has_verbs(yyjson_val *verbs) {
    static const char *const wanted[] = {"list", "create", "get", "delete"};
    size_t found = 0, index, count;
    yyjson_val *verb;
    yyjson_arr_foreach(verbs, index, count, verb) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            found += yyjson_equals_str(verb, wanted[i]);
    }
    return found == sizeof wanted / sizeof *wanted;
}

/* Was the group's resource taken from a version that it prefers? paths from `first` on are this group's. */
static bool taken(char **paths, size_t first, size_t count, const char *resource) {
    for (size_t i = first; i < count; i++) {
        if (strcmp(strrchr(paths[i], '/') + 1, resource) == 0)
            return true;
    }
    return false;
}

/* Adds the list paths of a group's kinds, each in the most preferred version that has it. */
static size_t add_group(yyjson_val *group, char **paths, size_t count) {
    const char *name = yyjson_get_str(yyjson_ptr_get(group, "/metadata/name"));
    size_t first = count, i, versions, j, resources;
    yyjson_val *version, *resource;
    yyjson_arr_foreach(yyjson_obj_get(group, "versions"), i, versions, version) {
        const char *version_name = yyjson_get_str(yyjson_obj_get(version, "version"));
        yyjson_arr_foreach(yyjson_obj_get(version, "resources"), j, resources, resource) {
            const char *plural = yyjson_get_str(yyjson_obj_get(resource, "resource"));
            if (!plural || !version_name || count == KINDS_MAX || taken(paths, first, count, plural) ||
                !has_verbs(yyjson_obj_get(resource, "verbs")))
                continue;
            char path[PATH_SIZE];
            if (name && *name)
                snprintf(path, sizeof path, "/apis/%s/%s/%s", name, version_name, plural);
            else
                snprintf(path, sizeof path, "/api/%s/%s", version_name, plural);
            paths[count++] = must(strdup(path));
        }
    }
    return count;
}

static void discover(Job *job) {
    static const char *const roots[] = {"/api", "/apis"};
    Connection connection;
    connection_open(&connection, job->options, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    job->paths = must(calloc(KINDS_MAX, sizeof *job->paths));
    for (size_t root = 0; root < 2; root++) {
        if (ask(&connection, job->options, roots[root], strlen(roots[root]), job) != 200)
            die("discovery failed", connection.answer.data ? connection.answer.data : "no answer");
        yyjson_doc *document = must(yyjson_read(connection.answer.data, connection.answer.length, 0));
        size_t index, count;
        yyjson_val *group;
        yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(document), "items"), index, count, group) {
            job->count = add_group(group, job->paths, job->count);
        }
        yyjson_doc_free(document);
    }
    connection_close(&connection);
}

/* The list's continue token: built-in kinds have metadata before the items, custom resources after them. */
static bool continue_token(const Buffer *answer, char *token, size_t size) {
    static const char key[] = "\"continue\":\"";
    size_t window = answer->length < METADATA_SIZE ? answer->length : METADATA_SIZE;
    const char *items = memmem(answer->data, window, "\"items\":", 8);
    const char *found = memmem(answer->data, items ? (size_t)(items - answer->data) : window, key, sizeof key - 1);
    if (!found)
        found = memmem(answer->data + answer->length - window, window, "\"metadata\":{\"continue\":\"", 24);
    if (!found)
        return false;
    found = strchr(strstr(found, "\"continue\":"), ':') + 2;
    size_t length = strcspn(found, "\"");
    if (length == 0 || length >= size)
        return false;
    memcpy(token, found, length);
    token[length] = 0;
    return true;
}

/* Every stored object has one creation time; an embedded template's is null. */
static unsigned long long count_objects(const Buffer *answer) {
    static const char key[] = "\"creationTimestamp\":\"";
    unsigned long long count = 0;
    const char *at = answer->data, *end = answer->data + answer->length;
    while (at && (at = memmem(at, (size_t)(end - at), key, sizeof key - 1))) {
        count++;
        at += sizeof key - 1;
    }
    return count;
}

static bool list_kind(Connection *connection, Job *job, const char *base) {
    char path[PATH_SIZE * 6], token[PATH_SIZE * 4] = "";
    do {
        snprintf(path, sizeof path, "%s?limit=%u%s%s", base, job->options->page, *token ? "&continue=" : "", token);
        long status = ask(connection, job->options, path, strlen(path), job);
        if (status == 404 || status == 405)
            return true;
        if (status != 200) {
            fprintf(stderr, "bench-floor: %s: HTTP %ld\n", base, status);
            return false;
        }
        atomic_fetch_add(&job->objects, count_objects(&connection->answer));
    } while (continue_token(&connection->answer, token, sizeof token));
    return true;
}

static bool create_one(Connection *connection, Job *job, const Post *post) {
    curl_easy_setopt(connection->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body_length);
    curl_easy_setopt(connection->easy, CURLOPT_POSTFIELDS, post->body);
    long status = ask(connection, job->options, post->path, post->path_length, job);
    if (status != 201) {
        fprintf(stderr, "bench-floor: %.*s: HTTP %ld: %.300s\n", (int)post->path_length, post->path, status,
                connection->answer.data ? connection->answer.data : "");
        return false;
    }
    atomic_fetch_add(&job->objects, 1);
    return true;
}

static void *work(void *data) {
    Job *job = data;
    Connection connection;
    connection_open(&connection, job->options, "application/json");
    while (!atomic_load(&job->failed)) {
        size_t index = atomic_fetch_add(&job->next, 1);
        if (index >= job->count)
            break;
        bool good = job->posts ? create_one(&connection, job, &job->posts[index])
                               : list_kind(&connection, job, job->paths[index]);
        if (!good)
            atomic_store(&job->failed, true);
    }
    connection_close(&connection);
    return NULL;
}

static void work_all(Job *job, unsigned connections) {
    pthread_t threads[CONNECTIONS_MAX];
    for (unsigned i = 0; i < connections; i++) {
        if (pthread_create(&threads[i], NULL, work, job) != 0)
            die("no thread", strerror(errno));
    }
    for (unsigned i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
}

static Buffer read_file(const char *name) {
    Buffer buffer = {0};
    FILE *file = fopen(name, "re");
    if (!file)
        die(name, strerror(errno));
    char chunk[65536];
    size_t length;
    while ((length = fread(chunk, 1, sizeof chunk, file)) > 0)
        keep(chunk, 1, length, &buffer);
    fclose(file);
    if (!buffer.data)
        die(name, "empty");
    return buffer;
}

static void split(Job *job, Buffer *bodies) {
    size_t lines = 0;
    for (size_t i = 0; i < bodies->length; i++)
        lines += bodies->data[i] == '\n';
    job->posts = must(calloc(lines + 1, sizeof *job->posts));
    for (char *line = bodies->data, *end; (end = strchr(line, '\n')); line = end + 1) {
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        if (!tab)
            die("a line of the bodies has no tab", line);
        job->posts[job->count++] = (Post){line, (size_t)(tab - line), tab + 1, (size_t)(end - tab - 1)};
    }
}

/* Namespaces first, one after the other; the rest by all connections. */
static void create(Job *job, const char *file) {
    static const char namespaces[] = "/api/v1/namespaces";
    Buffer bodies = read_file(file);
    split(job, &bodies);
    size_t all = job->count, first = 0;
    while (first < all && job->posts[first].path_length == sizeof namespaces - 1 &&
           memcmp(job->posts[first].path, namespaces, sizeof namespaces - 1) == 0)
        first++;
    job->count = first;
    work_all(job, 1);
    atomic_store(&job->next, first);
    job->count = all;
    work_all(job, job->options->connections);
    free(job->posts);
    free(bodies.data);
}

static unsigned number(const char *text) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end || value == 0 || value > 1000000)
        die("not a number in range", text);
    return (unsigned)value;
}

static void parse(int argc, char **argv, Options *options) {
    static const struct option longs[] = {
        {"server", required_argument, NULL, 's'},
        {"cert", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},
        {"cacert", required_argument, NULL, 'a'},
        {"file", required_argument, NULL, 'f'},
        {"connections", required_argument, NULL, 'n'},
        {"page", required_argument, NULL, 'p'},
        {"gzip", no_argument, NULL, 'z'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (option) {
        case 's': options->server = optarg; break;
        case 'c': options->cert = optarg; break;
        case 'k': options->key = optarg; break;
        case 'a': options->cacert = optarg; break;
        case 'f': options->file = optarg; break;
        case 'n': options->connections = number(optarg); break;
        case 'p': options->page = number(optarg); break;
        case 'z': options->gzip = true; break;
        default: exit(2);
        }
    }
    if (!options->server || !options->cert || !options->key || !options->cacert ||
        options->connections > CONNECTIONS_MAX) {
        fprintf(stderr, "bench-floor: --server, --cert, --key and --cacert are wanted; at most %d connections\n",
                CONNECTIONS_MAX);
        exit(2);
    }
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv) {
    Options options = {.connections = 4, .page = 500};
    Job job = {.options = &options};
    bool list = argc > 1 && strcmp(argv[1], "list") == 0;
    if (argc < 2 || (!list && strcmp(argv[1], "create") != 0)) {
        fprintf(stderr, "usage: bench-floor list|create --server URL --cert FILE --key FILE --cacert FILE ...\n");
        return 2;
    }
    parse(argc - 1, argv + 1, &options);
    if (!list && !options.file) {
        fprintf(stderr, "bench-floor: create wants --file\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (list) {
        discover(&job);
        work_all(&job, options.connections);
        for (size_t i = 0; i < job.count; i++)
            free(job.paths[i]);
        free(job.paths);
    } else {
        create(&job, options.file);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("objects=%llu requests=%llu bytes=%llu wall=%.3f user=%.3f sys=%.3f peak=%ld\n", atomic_load(&job.objects),
           atomic_load(&job.requests), atomic_load(&job.bytes),
           (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9, seconds(usage.ru_utime),
           seconds(usage.ru_stime), usage.ru_maxrss);
    curl_global_cleanup();
    return atomic_load(&job.failed) ? 1 : 0;
}
