/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and addresses against printf(3) and inet_ntop(3), times against gmtime(3).
 */
#include <arpa/inet.h>
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "output/time.h"

static void expect(const char *start, const char *end, const char *expected)
{
	char text[128] = "";

	ck_assert_uint_lt((size_t)(end - start), sizeof(text));
	memcpy(text, start, (size_t)(end - start));
	ck_assert_str_eq(text, expected);
}

static uint64_t random64(void)
{
	uint64_t number = (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();

	return number >> random() % 64;
}

static void check_number(uint64_t number)
{
	char expected[32], text[32];

	snprintf(expected, sizeof(expected), "%" PRIu64, number);
	expect(text, number_decimal(text, number), expected);
	snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)number);
	expect(text, number_signed(text, (int64_t)number), expected);
	snprintf(expected, sizeof(expected), "0x%" PRIx64, number);
	expect(text, number_hex(text, number), expected);
	snprintf(expected, sizeof(expected), "%09" PRIu64, number % 1000000000);
	expect(text, number_padded(text, number % 1000000000, 9), expected);
}

START_TEST(numbers)
{
	uint64_t power = 1;

	check_number(0);
	check_number(UINT64_MAX);
	check_number(INT64_MAX);
	check_number((uint64_t)INT64_MIN);
	for (int i = 0; i < 20; i++, power *= 10) {
		check_number(power - 1);
		check_number(power);
		check_number(power + 1);
	}
	srandom(20261123);
	for (int i = 0; i < 20000; i++)
		check_number(random64());
}
END_TEST

START_TEST(ip4)
{
	char expected[INET_ADDRSTRLEN], text[32];

	for (unsigned int i = 0; i < 256; i++) {
		const unsigned char bytes[4] = { (unsigned char)i, (unsigned char)(255 - i),
						 (unsigned char)(i * 7), (unsigned char)(i / 10) };

		inet_ntop(AF_INET, bytes, expected, sizeof(expected));
		expect(text, number_ip4(text, bytes), expected);
	}
}
END_TEST

static void check_ip6(const unsigned char bytes[16])
{
	char expected[INET6_ADDRSTRLEN], text[64];
	char *end = number_ip6(text, bytes);

	inet_ntop(AF_INET6, bytes, expected, sizeof(expected));
	expect(text, end, expected);
	ck_assert_int_le(end - text, NUMBER_IP6_MAX);
}

/* Every pattern of zero words, and v4-mapped addresses. */
START_TEST(ip6)
{
	static const uint16_t words[] = { 1, 0x20, 0x300, 0xf000, 0xffff };
	unsigned char bytes[16];

	for (unsigned int zeros = 0; zeros < 256; zeros++) {
		for (unsigned int round = 0; round < 5; round++) {
			for (unsigned int i = 0; i < 8; i++) {
				uint16_t word = zeros & 1U << i ? 0 : words[(i + round) % 5];

				bytes[2 * i] = (unsigned char)(word >> 8);
				bytes[2 * i + 1] = (unsigned char)word;
			}
			check_ip6(bytes);
		}
	}
	inet_pton(AF_INET6, "::ffff:192.0.2.1", bytes);
	check_ip6(bytes);

	char text[64];

	expect(text, number_ip6(text, bytes), "::ffff:192.0.2.1");
	inet_pton(AF_INET6, "2001:db8::1:0:0:1", bytes);
	expect(text, number_ip6(text, bytes), "2001:db8::1:0:0:1");
}
END_TEST

START_TEST(mac)
{
	char text[32];

	expect(text, number_mac(text, (const unsigned char *)"\x02\x00\xab\xcd\xef\x7f"),
	       "02:00:ab:cd:ef:7f");
}
END_TEST

START_TEST(durations)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0ns" },
		{ 999, "999ns" },
		{ 1000, "1.000us" },
		{ 12345, "12.345us" },
		{ 999999, "999.999us" },
		{ 1234567, "1.234ms" },
		{ 2000000000, "2.000s" },
		{ 3661999999999, "3661.999s" },
		{ UINT64_MAX, "18446744073.709s" },
	};
	char text[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect(text, number_duration(text, cases[i].ns), cases[i].text);
}
END_TEST

START_TEST(times)
{
	struct time_text utc = { 0 }, local = { 0 }, clock = { 0 };
	char text[128], expected[128], seconds[64];

	setenv("TZ", "Asia/Kolkata-5:30", 1);
	tzset();
	srandom(20261123);
	for (int i = 0; i < 2000; i++) {
		/* In order and out of it, with and without a new second. */
		uint64_t ns = i % 3 ? (uint64_t)i * 300000000 : random64() % 4000000000000000000;
		time_t second = (time_t)(ns / 1000000000);
		struct tm fields;

		gmtime_r(&second, &fields);
		strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &fields);
		snprintf(expected, sizeof(expected), "%s.%09" PRIu64 "Z", seconds, ns % 1000000000);
		expect(text, time_utc(&utc, text, ns), expected);
		localtime_r(&second, &fields);
		strftime(seconds, sizeof(seconds), "%H:%M:%S", &fields);
		snprintf(expected, sizeof(expected), "%s.%09" PRIu64, seconds, ns % 1000000000);
		expect(text, time_local(&local, text, ns), expected);
	}
	expect(text, time_clock(&clock, text, 4919639123), "4.919639123");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("output-number");
	TCase *tests = tcase_create("number");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, numbers);
	tcase_add_test(tests, ip4);
	tcase_add_test(tests, ip6);
	tcase_add_test(tests, mac);
	tcase_add_test(tests, durations);
	tcase_add_test(tests, times);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
