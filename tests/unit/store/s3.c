/* Signatures, XML, INI files and checksums of the S3 back end. */
#include "store/s3-internal.h"

#include <string.h>

/* --- signatures: the examples of "Signature Calculations for the Authorization Header" and
 *     "Authenticating Requests: Using Query Parameters" in the Amazon S3 API reference ---------- */

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const S3Credentials example = {(char *)"AKIAIOSFODNN7EXAMPLE",
                                      (char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, 0};

enum { EXAMPLE_TIME = 1369353600 }; /* 2013-05-24T00:00:00Z */

static S3SignRequest example_request(const char *method, const char *path) {
    return (S3SignRequest){.method = method,
                           .host = "examplebucket.s3.amazonaws.com",
                           .path = path,
                           .payload_hash = EMPTY_SHA256,
                           .region = "us-east-1",
                           .service = "s3",
                           .now = EXAMPLE_TIME};
}

static void assert_signed(const S3SignRequest *request, const char *names, const char *signature) {
    g_autofree char *want = g_strdup_printf("authorization: AWS4-HMAC-SHA256 "
                                            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                                            "SignedHeaders=%s, Signature=%s",
                                            names, signature);
    g_autofree char *have = s3_sign_header(request, &example);
    g_assert_cmpstr(have, ==, want);
}

static void test_sign_get(void) {
    const char *headers[] = {"host: examplebucket.s3.amazonaws.com", "range: bytes=0-9",
                             "x-amz-content-sha256: " EMPTY_SHA256, "x-amz-date: 20130524T000000Z", NULL};
    S3SignRequest request = example_request("GET", "/test.txt");
    request.headers = headers;
    assert_signed(&request, "host;range;x-amz-content-sha256;x-amz-date",
                  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void test_sign_put(void) {
    g_autofree char *hash = s3_sha256_hex("Welcome to Amazon S3.", 21);
    g_autofree char *hash_line = g_strdup_printf("x-amz-content-sha256:  %s  ", hash); /* spaces are trimmed */
    const char *headers[] = {"x-amz-storage-class: REDUCED_REDUNDANCY", hash_line,
                             "date: Fri, 24 May 2013 00:00:00 GMT",     "x-amz-date: 20130524T000000Z",
                             "host: examplebucket.s3.amazonaws.com",    NULL};
    S3SignRequest request = example_request("PUT", "/test%24file.text");
    request.headers = headers;
    request.payload_hash = hash;
    g_assert_cmpstr(hash, ==, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    assert_signed(&request, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                  "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void test_sign_query_parameters(void) {
    const char *headers[] = {"host: examplebucket.s3.amazonaws.com", "x-amz-content-sha256: " EMPTY_SHA256,
                             "x-amz-date: 20130524T000000Z", NULL};
    const char *lifecycle[] = {"lifecycle=", NULL}, *list[] = {"prefix=J", "max-keys=2", NULL};
    S3SignRequest request = example_request("GET", "/");
    request.headers = headers;
    request.query = lifecycle;
    assert_signed(&request, "host;x-amz-content-sha256;x-amz-date",
                  "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    request.query = list; /* sorted first */
    assert_signed(&request, "host;x-amz-content-sha256;x-amz-date",
                  "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* Headers are sorted by name. The expected value is that of an independent calculation, by Python's
 * hmac and hashlib over the canonical request written out. */
static void test_sign_names_that_begin_others(void) {
    const char *headers[] = {
        "host: examplebucket.s3.amazonaws.com",  "x-amz-content-sha256: " EMPTY_SHA256,
        "x-amz-date: 20130524T000000Z",          "x-amz-server-side-encryption-aws-kms-key-id: key",
        "x-amz-server-side-encryption: aws:kms", NULL};
    S3SignRequest request = example_request("PUT", "/test.txt");
    request.headers = headers;
    assert_signed(&request,
                  "host;x-amz-content-sha256;x-amz-date;x-amz-server-side-encryption;"
                  "x-amz-server-side-encryption-aws-kms-key-id",
                  "72585180b57e94b0e59d29aadc0c8fbfd8ddd7f157698a3ff59b7750e700f91f");
}

static void test_sign_url(void) {
    S3SignRequest request = example_request("GET", "/test.txt");
    g_autofree char *query = s3_sign_query(&request, &example, 86400);
    g_assert_cmpstr(query, ==,
                    "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    S3Credentials session = {example.access_key, example.secret_key, (char *)"to+ken/=", 0};
    g_autofree char *with_token = s3_sign_query(&request, &session, 60);
    g_assert_nonnull(strstr(with_token, "&X-Amz-Security-Token=to%2Bken%2F%3D&"));
}

/* --- XML ------------------------------------------------------------------------------------------ */

static void add_element(const char *path, const char *text, void *data) {
    g_string_append_printf(data, "%s=%s;", path, text);
}

static void test_xml_reads(void) {
    static const struct {
        const char *xml, *want;
    } cases[] = {
        {"<a/>", "a=;"},
        {"<a></a>", "a=;"},
        {"<a>x</a>", "a=x;"},
        {" \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>x</a>\n", "a=x;"},
        {"<a><b>1</b><b>2</b><c/></a>", "a/b=1;a/b=2;a/c=;a=;"},
        {"<a xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><b>1</b></a>", "a/b=1;a=;"},
        {"<s:a xmlns:s='u'><s:b s:c='d'>1</s:b></s:a>", "a/b=1;a=;"},
        {"<a b=\"x>y\" c='>'>1</a>", "a=1;"},
        {"<a b = \"</a>\" />", "a=;"},
        {"<a>&lt;&gt;&amp;&quot;&apos;</a>", "a=<>&\"';"},
        {"<a>&#65;&#x42;&#xe4;&#x1F600;</a>", "a=AB\xc3\xa4\xf0\x9f\x98\x80;"},
        {"<a>&amp;lt;</a>", "a=&lt;;"},
        {"<a><![CDATA[<b>&amp;]]]></a>", "a=<b>&amp;];"},
        {"<a>x<![CDATA[y]]>z</a>", "a=xyz;"},
        {"<a><!-- <b> -- ></a> -->x</a>", "a=x;"},
        {"<!-- x --><a>x</a><!-- y -->", "a=x;"},
        {"<a> x </a>", "a= x ;"},
        {"<a>\xc3\xa4</a>", "a=\xc3\xa4;"},
        {"<a-b.c_d>x</a-b.c_d>", "a-b.c_d=x;"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) have = g_string_new(NULL);
        g_test_message("%s", cases[i].xml);
        g_assert_true(s3_xml_read(cases[i].xml, strlen(cases[i].xml), add_element, have));
        g_assert_cmpstr(have->str, ==, cases[i].want);
    }
}

static void test_xml_refuses(void) {
    static const char *const cases[] = {
        "",
        " ",
        "text",
        "<",
        "<a",
        "<a>",
        "<a>x",
        "</a>",
        "<a></b>",
        "<a><b></a></b>",
        "<a></a></a>",
        "<a/><b/>",
        "<>x</>",
        "< a></ a>",
        "<a b=\">x",
        "<a>&</a>",
        "<a>&x;</a>",
        "<a>&lt</a>",
        "<a>&#0;</a>",
        "<a>&#x;</a>",
        "<a>&#xD800;</a>",
        "<a>&#;</a>",
        "<a>&#x110000;</a>",
        "<a>&#-1;</a>",
        "<a><!-- x</a>",
        "<a><![CDATA[x</a>",
        "<?xml",
        "<a>\xff</a>",
        "<a></ab>",
        "<ab></a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<a></a></",
        "<html><body><p>busy<br></body></html>",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) ignored = g_string_new(NULL);
        g_test_message("%s", cases[i]);
        g_assert_false(s3_xml_read(cases[i], strlen(cases[i]), add_element, ignored));
    }
    g_autoptr(GString) ignored = g_string_new(NULL);
    g_assert_false(s3_xml_read("<a>\0</a>", 8, add_element, ignored));
    g_assert_false(s3_xml_read(NULL, 0, add_element, ignored));
}

static void test_xml_depth(void) {
    for (int depth = 32; depth <= 33; depth++) {
        g_autoptr(GString) xml = g_string_new(NULL), ignored = g_string_new(NULL);
        for (int i = 0; i < depth; i++)
            g_string_append(xml, "<a>");
        for (int i = 0; i < depth; i++)
            g_string_append(xml, "</a>");
        g_assert_cmpint(s3_xml_read(xml->str, xml->len, add_element, ignored), ==, depth <= 32);
    }
}

static void test_xml_text(void) {
    const char *xml = "<Error><Code>NoSuchKey</Code><Code>Second</Code><Empty/></Error>";
    g_autofree char *code = s3_xml_text(xml, strlen(xml), "Error/Code"),
                    *empty = s3_xml_text(xml, strlen(xml), "Error/Empty");
    g_assert_cmpstr(code, ==, "NoSuchKey");
    g_assert_cmpstr(empty, ==, "");
    g_assert_null(s3_xml_text(xml, strlen(xml), "Error/Message"));
    g_assert_null(s3_xml_text(xml, strlen(xml) - 1, "Error/Code")); /* not whole */
}

/* --- uploads that were begun -------------------------------------------------------------------------- */

#define UPLOADS(inside) "<ListMultipartUploadsResult xmlns=\"x\">" inside "</ListMultipartUploadsResult>"
#define UPLOAD(key, id, begun)                                                                                 \
    "<Upload><Key>" key "</Key><Initiator><ID>no</ID></Initiator><UploadId>" id "</UploadId><Initiated>" begun \
    "</Initiated></Upload>"

static void test_uploads_read(void) {
    static const struct {
        const char *xml, *want;
    } cases[] = {
        {UPLOADS(""), "|"},
        {UPLOADS("<IsTruncated>false</IsTruncated><NextKeyMarker/>"), "|"},
        {UPLOADS(UPLOAD("a/b+c%20", "1", "1970-01-01T00:00:07.000Z") UPLOAD("a", "2&amp;", "soon")),
         "a/b+c%20 1 7;a 2& 0;|"},
        {UPLOADS(UPLOAD("a%2Fb+c%20", "i%2F", "1970-01-01T00:00:07Z") "<EncodingType>url</EncodingType>"
                                                                      "<IsTruncated>true</IsTruncated>"
                                                                      "<NextKeyMarker>x+y%2B</NextKeyMarker>"
                                                                      "<NextUploadIdMarker>%2F</NextUploadIdMarker>"),
         "a/b c  i%2F 7;|x y+ %2F"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(S3UploadsPage) page = {0};
        g_test_message("%s", cases[i].xml);
        g_assert_true(s3_uploads_read(cases[i].xml, strlen(cases[i].xml), &page));
        g_autoptr(GString) have = g_string_new(NULL);
        for (guint k = 0; k < page.uploads->len; k++) {
            const StoreUnfinished *upload = g_ptr_array_index(page.uploads, k);
            g_string_append_printf(have, "%s %s %" G_GINT64_FORMAT ";", upload->key, upload->id, upload->touched);
        }
        g_string_append_c(have, '|');
        if (page.truncated)
            g_string_append_printf(have, "%s %s", page.key_marker, page.id_marker);
        g_assert_cmpstr(have->str, ==, cases[i].want);
    }
}

static void test_uploads_refused(void) {
    static const char *const cases[] = {
        "",
        "<ListBucketResult/>",
        "<x><ListMultipartUploadsResult/></x>",
        "<ListMultipartUploadsResult>",
        UPLOADS("<Upload><Key>a</Key></Upload>"),
        UPLOADS("<Upload><UploadId>a</UploadId></Upload>"),
        UPLOADS("<EncodingType>url</EncodingType>" UPLOAD("a%2", "1", "")),
        UPLOADS("<IsTruncated>true</IsTruncated>"),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(S3UploadsPage) page = {0};
        g_test_message("%s", cases[i]);
        g_assert_false(s3_uploads_read(cases[i], strlen(cases[i]), &page));
    }
}

/* --- INI ---------------------------------------------------------------------------------------------- */

static void test_ini(void) {
    const char *text = "aws_access_key_id = before\n"
                       "# [default]\r\n"
                       "[default]\r\n"
                       "AWS_Access_Key_Id=a/b+c==\r\n"
                       "  aws_secret_access_key =  s#e;c=r ; a comment\n"
                       "; region = none\n"
                       "aws_session_token =\n"
                       "no equals sign\n"
                       "[other]\n"
                       "aws_access_key_id = other\n"
                       "[ profile  dev ] # comment\n"
                       "aws_access_key_id = dev\n"
                       "[default]\n"
                       "region = eu-west-1 # late\n"
                       "[default-2]\n"
                       "region = no\n"
                       "[broken\n"
                       "region = no\n";
    g_autoptr(GHashTable) section = s3_ini_section(text, "default");
    g_assert_cmpuint(g_hash_table_size(section), ==, 4);
    g_assert_cmpstr(g_hash_table_lookup(section, "aws_access_key_id"), ==, "a/b+c==");
    g_assert_cmpstr(g_hash_table_lookup(section, "aws_secret_access_key"), ==, "s#e;c=r");
    g_assert_cmpstr(g_hash_table_lookup(section, "aws_session_token"), ==, "");
    g_assert_cmpstr(g_hash_table_lookup(section, "region"), ==, "eu-west-1");
    g_autoptr(GHashTable) dev = s3_ini_section(text, "dev");
    g_assert_cmpstr(g_hash_table_lookup(dev, "aws_access_key_id"), ==, "dev");
    g_assert_null(s3_ini_section(text, "broken"));
    g_assert_null(s3_ini_section(text, "nothing"));
    g_assert_null(s3_ini_section("", "default"));
}

/* --- checksums ------------------------------------------------------------------------------------------ */

static void test_checksum_headers(void) {
    /* Of "123456789": the check values of the CRC catalogue, and openssl dgst -binary | base64. */
    static const struct {
        const char *algorithm, *want;
    } cases[] = {
        {"CRC32", "x-amz-checksum-crc32: y/Q5Jg=="},
        {"CRC32C", "x-amz-checksum-crc32c: 4waSgw=="},
        {"SHA1", "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE="},
        {"SHA256", "x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
        {"", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        S3Store store = {.checksum = (char *)cases[i].algorithm};
        g_autofree char *have = s3_checksum_header(&store, "123456789", 9);
        g_assert_cmpstr(have, ==, cases[i].want);
    }
    S3Store store = {.checksum = (char *)"CRC32"};
    g_autofree char *empty = s3_checksum_header(&store, NULL, 0);
    g_assert_cmpstr(empty, ==, "x-amz-checksum-crc32: AAAAAA==");
}

static bool verifies(const char *header, const char *first, const char *second) {
    StoreObject object = {.key = (char *)"key", .size = strlen(first) + strlen(second)};
    g_auto(HttpResponse) head = {.headers = g_ptr_array_new_with_free_func(g_free)};
    g_ptr_array_add(head.headers, g_strdup(header));
    S3Verifier *verifier = s3_verifier_new(NULL, &object, &head);
    g_assert_nonnull(verifier);
    s3_verifier_add(verifier, first, strlen(first));
    s3_verifier_add(verifier, second, strlen(second));
    bool matches = s3_verifier_matches(verifier);
    s3_verifier_free(verifier);
    return matches;
}

static void test_verifier(void) {
    static const char *const headers[] = {"x-amz-checksum-crc32: y/Q5Jg==", "x-amz-checksum-crc32c: 4waSgw==",
                                          "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE=",
                                          "x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="};
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_assert_true(verifies(headers[i], "1234", "56789"));
        g_assert_false(verifies(headers[i], "1234", "56788"));
    }
    StoreObject object = {.key = (char *)"key", .size = 9};
    g_auto(HttpResponse) head = {.headers = g_ptr_array_new_with_free_func(g_free)};
    g_assert_null(s3_verifier_new(NULL, &object, &head));
    g_ptr_array_add(head.headers, g_strdup("x-amz-checksum-crc64nvme: AAAAAAAAAAA="));
    g_assert_null(s3_verifier_new(NULL, &object, &head));
    /* Over the bytes or over the parts' checksums? */
    object.etag = (char *)"\"853f29310818c381da98a8cdbcfa20c9-1\"";
    g_ptr_array_add(head.headers, g_strdup("x-amz-checksum-crc32: y/Q5Jg=="));
    g_assert_null(s3_verifier_new(NULL, &object, &head));
    g_ptr_array_add(head.headers, g_strdup("x-amz-checksum-type: FULL_OBJECT"));
    S3Verifier *verifier = s3_verifier_new(NULL, &object, &head);
    g_assert_nonnull(verifier);
    s3_verifier_free(verifier);
}

static void test_part_sizes(void) {
    guint64 sum = 0;
    for (guint64 i = 0; i < 10000; i++)
        sum += s3_part_size(i);
    g_assert_cmpuint(s3_part_size(0), ==, 5 << 20);
    g_assert_cmpuint(s3_part_size(999), ==, 5 << 20);
    g_assert_cmpuint(s3_part_size(1000), ==, 10 << 20);
    g_assert_cmpuint(s3_part_size(9999), <=, G_GUINT64_CONSTANT(5) << 30); /* S3's limit */
    g_assert_cmpuint(sum, >=, G_GUINT64_CONSTANT(4995) << 30);             /* 5 TB */
}

/* --- clocks: S3 refuses requests of 15 minutes before or after its own time ("RequestTimeTooSkewed" of the S3 API
 *     reference) ------------------------------------------------------------------------------------------------- */

static void test_clock(void) {
    const gint64 second = G_USEC_PER_SEC;
    g_assert_cmpint(s3_clock_outcome(0), ==, STORE_CHECK_OK);
    for (int sign = -1; sign <= 1; sign += 2) {
        g_assert_cmpint(s3_clock_outcome(sign * 60 * second), ==, STORE_CHECK_OK);
        g_assert_cmpint(s3_clock_outcome(sign * 61 * second), ==, STORE_CHECK_WARNING);
        g_assert_cmpint(s3_clock_outcome(sign * 900 * second), ==, STORE_CHECK_WARNING);
        g_assert_cmpint(s3_clock_outcome(sign * 901 * second), ==, STORE_CHECK_FAILED);
        g_assert_cmpint(s3_clock_outcome(sign * 400 * 86400 * second), ==, STORE_CHECK_FAILED);
    }
}

static void test_http_date(void) {
    g_assert_cmpint(s3_http_date("Fri, 24 May 2013 00:00:00 GMT"), ==, EXAMPLE_TIME);
    g_assert_cmpint(s3_http_date("2013-05-24T00:00:00Z"), ==, 0);
    g_assert_cmpint(s3_http_date(""), ==, 0);
    g_assert_cmpint(s3_http_date(NULL), ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/s3/sign/get", test_sign_get);
    g_test_add_func("/store/s3/sign/put", test_sign_put);
    g_test_add_func("/store/s3/sign/query-parameters", test_sign_query_parameters);
    g_test_add_func("/store/s3/sign/names", test_sign_names_that_begin_others);
    g_test_add_func("/store/s3/sign/url", test_sign_url);
    g_test_add_func("/store/s3/xml/reads", test_xml_reads);
    g_test_add_func("/store/s3/xml/refuses", test_xml_refuses);
    g_test_add_func("/store/s3/xml/depth", test_xml_depth);
    g_test_add_func("/store/s3/xml/text", test_xml_text);
    g_test_add_func("/store/s3/uploads/read", test_uploads_read);
    g_test_add_func("/store/s3/uploads/refused", test_uploads_refused);
    g_test_add_func("/store/s3/ini", test_ini);
    g_test_add_func("/store/s3/checksum/headers", test_checksum_headers);
    g_test_add_func("/store/s3/checksum/verifier", test_verifier);
    g_test_add_func("/store/s3/checksum/part-sizes", test_part_sizes);
    g_test_add_func("/store/s3/clock", test_clock);
    g_test_add_func("/store/s3/http-date", test_http_date);
    return g_test_run();
}
