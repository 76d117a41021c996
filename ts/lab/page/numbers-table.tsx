// The numbers behind a drawing, as a table that is made when it is opened.
import { useState } from "preact/hooks";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function Numbers({ of, table }: { readonly of: string; readonly table: () => Table }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Numbers<span class="hidden"> of {of}</span>
      </summary>
      {open && <TableOf of={of} {...table()} />}
    </details>
  );
}

function TableOf({ of, head, rows }: Table & { readonly of: string }) {
  if (rows.length === 0) return <p class="note">Nothing yet.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Numbers of ${of}`}>
      <table>
        <thead>
          <tr>
            {head.map((text) => (
              <th scope="col" key={text}>
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...values]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, i) => (
                <td key={i}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
