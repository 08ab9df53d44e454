import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { definitionLine, simpleName } from "../../../src/editor/function-lines.ts";

const C = `static int helper(int x);
int main(void) {
  int y = helper(1);
  return helper(y);
}
/* helper( */
static int helper(int x)
{
  return x + 1;
}`.split("\n");

const find = (text: readonly string[], name: string, line: number) =>
  definitionLine(name, line, text.length, (number) => text[number - 1]);

describe("the line on which a function is defined", () => {
  it("is no declaration, call or comment", () => {
    assert.equal(find(C, "helper", 9), 7);
    assert.equal(find(C, "main", 3), 2);
  });

  it("is found below a line that the compiler took from elsewhere", () => {
    assert.equal(find(C, "helper", 3), 7);
  });

  it("is found by the simple name of compilers' names", () => {
    assert.equal(simpleName("kv/operate"), "operate");
    assert.equal(simpleName("list/Node<i32>#push<u64>"), "push");
    assert.equal(simpleName("store::Table::put(unsigned int)"), "put");
    const source = ["class Table {", "  put(key: u64): void {", "    this.count++;", "  }", "}"];
    assert.equal(find(source, "table/Table#put", 3), 2);
  });

  it("is unknown for code outside functions, and for functions that are not there", () => {
    assert.equal(find(C, "start:kv", 3), undefined);
    assert.equal(find(C, "absent", 3), undefined);
  });
});
