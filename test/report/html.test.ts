import { suite } from "uvu";
import * as assert from "uvu/assert";
import { escapeText, html, trusted } from "../../ts/report/html.ts";

const test = suite("report html");

test("escapes strings, in text and in attributes, and no markup of its own", () => {
  const evil = `<script>alert("x" + 'y')</script>&amp;`;
  const escaped = "&lt;script&gt;alert(&quot;x&quot; + &#39;y&#39;)&lt;/script&gt;&amp;amp;";
  assert.is(html`<p title="${evil}">${evil}</p>`.markup, `<p title="${escaped}">${escaped}</p>`);
  assert.is(html`<b>${html`<i>${"<"}</i>`}${[html`1`, html`2`]}</b>`.markup, "<b><i>&lt;</i>12</b>");
  assert.is(html`${trusted("<br />")}`.markup, "<br />");
});

test("leaves out what is not there and keeps zero", () => {
  assert.is(html`[${undefined}${false}${0}${""}]`.markup, "[0]");
});

test("takes out the template's indentation, not a value's", () => {
  assert.is(
    html`<pre>
      ${"a\n    b"}
    </pre>`.markup,
    "<pre>\na\n    b\n</pre>",
  );
});

test("shows control characters as a replacement", () => {
  assert.is(escapeText("a\u0000b\u001bc\td\n"), "a\ufffdb\ufffdc\td\n");
});

test.run();
