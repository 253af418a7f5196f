/* test: tests/c_driven/main.rs */
/* Texts of the result codes, against the tables given as arguments: lines of
 * name, number and text, separated by tabs. */

#include "client.h"

#define NO_TEXT "(result code text not available)"

static int checked;
static int wrong;

static void one_line(char *line)
{
    char *number = strchr(line, '\t');
    char *text;
    char *end;
    unsigned long code;
    const char *got;

    if (line[0] == '#' || !number)
        return;
    text = strchr(++number, '\t');
    if (!text)
        return;
    code = strtoul(number, &end, 10);
    if (end != text)
        return;
    text++;
    text[strcspn(text, "\t\r\n")] = '\0';
    got = isc_result_totext((isc_result_t) code);
    checked++;
    if (!got || strcmp(got, text) != 0) {
        wrong++;
        printf("# %lu is \"%s\", expected \"%s\"\n", code, got ? got : "NULL", text);
    }
}

int main(int argc, char **argv)
{
    char line[500];
    const char *unknown;
    FILE *table;
    int i;

    tap_begin(60);
    ok(isc_result_totext(ISC_R_SUCCESS) && !strcmp(isc_result_totext(ISC_R_SUCCESS), "success"),
       "before initialize: success");
    ok(isc_result_totext(DHCP_R_CONNRESET) != NULL, "before initialize: always some text");
    is(dhcpctl_initialize(), 0, "initialize");
    ok(!strcmp(isc_result_totext(DHCP_R_MULTIPLE), "more than one object matches key"),
       "a text of the DHCP class");
    unknown = isc_result_totext(999999);
    ok(unknown && !strcmp(unknown, NO_TEXT), "a code that nobody defined");
    ok(unknown == isc_result_totext(0xffffffffu), "has the same text as any other such");
    for (i = 1; i < argc; i++) {
        checked = wrong = 0;
        table = fopen(argv[i], "r");
        if (!table)
            tap_bail("cannot read a table of results");
        while (fgets(line, sizeof line, table))
            one_line(line);
        fclose(table);
        ok(checked > 0 && wrong == 0, "all %d texts of table %d", checked, i);
    }
    if (argc == 1)
        skip("tables of texts", "none given");
    return tap_end();
}
