import { describe, expect, it } from "vitest";
import { cellText, compareCells, plotNumber } from "@/lib/format/cell";
import { formatBytes, formatFigure, formatRate, formatShort } from "@/lib/format/number";
import { formatAge, formatDuration, formatInstant } from "@/lib/format/time";

describe("cells", () => {
  it("shows 64-bit integers and decimals digit by digit", () => {
    expect(cellText("9007199254740993", "BIGINT")).toEqual({ kind: "number", text: "9007199254740993" });
    expect(cellText("152.3400", "DECIMAL(18,4)").text).toBe("152.3400");
  });
  it("keeps null, the empty string and the word null apart", () => {
    expect(cellText(null).kind).toBe("null");
    expect(cellText("").kind).toBe("empty");
    expect(cellText("null").kind).toBe("text");
  });
  it("keeps every digit of a nanosecond instant", () => {
    expect(cellText("2026-02-16T09:41:07.123456789Z", "TIMESTAMP").text).toBe("2026-02-16 09:41:07.123456789");
  });
  it("shows special numbers as they are", () => {
    expect(cellText("NaN", "DOUBLE").text).toBe("NaN");
    expect(cellText(-0, "DOUBLE").text).toBe("-0");
  });
  it("orders long integers and decimals by value, nulls last", () => {
    const values = ["9007199254740993", null, "9007199254740992", "-1", "10"];
    expect([...values].sort((a, b) => compareCells(a, b, "BIGINT"))).toEqual([
      "-1",
      "10",
      "9007199254740992",
      "9007199254740993",
      null,
    ]);
    expect(compareCells("1.10", "1.1", "DECIMAL(4,2)")).toBe(0);
    expect(compareCells("-2.5", "-2.25", "DECIMAL(4,2)")).toBe(-1);
  });
  it("gives charts a number or nothing, never a guess", () => {
    expect([plotNumber("1.5"), plotNumber(""), plotNumber("x"), plotNumber(null)]).toEqual([1.5, null, null, null]);
  });
});

describe("figures", () => {
  it("shortens", () => {
    expect([
      formatShort(1_200_000),
      formatShort(14_230),
      formatShort(812),
      formatShort(0.25),
      formatShort(185.4),
    ]).toEqual(["1.2M", "14.2k", "812", "0.25", "185.4"]);
  });
  it("keeps six significant digits beside marks", () => {
    expect(
      ["181.1300322580645", "152.3400", "4033", "-0.000012345678", "12345678", "0.1234567", "n/a", "1e21"].map(
        formatFigure,
      ),
    ).toEqual(["181.13", "152.34", "4033", "-1.235e-5", "12.35M", "0.123457", "n/a", "1.000e+21"]);
  });
  it("rates", () => {
    expect([formatRate(0), formatRate(0.5), formatRate(214.4), formatRate(12_500)]).toEqual([
      "0/s",
      "0.5/s",
      "214/s",
      "12.5k/s",
    ]);
  });
  it("bytes", () => expect([formatBytes(512), formatBytes(2_202_010)]).toEqual(["512 B", "2.1 MiB"]));
});

describe("time", () => {
  it("reads a number in a time column as milliseconds", () => {
    expect(cellText(1771236000000, "DateTime").text).toBe("2026-02-16 10:00:00");
    expect(cellText(1771236000123, "DateTime").text).toBe("2026-02-16 10:00:00.123");
    expect(cellText(1771236000000, "Integer").kind).toBe("number");
  });
  it("durations", () => {
    expect([8, 1200, 250_000, 7_440_000].map(formatDuration)).toEqual(["8 ms", "1.2 s", "4 m 10 s", "2 h 4 m"]);
  });
  it("freshness", () => expect([formatAge(0, 300), formatAge(0, 2400)]).toEqual(["now", "2 s ago"]));
  it("leaves what is no instant alone", () => expect(formatInstant("soon")).toBe("soon"));
});
