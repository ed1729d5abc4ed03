//! Playwright: what the browser tests print, with their colours and, when one fails, its error.

use crate::fleet::seeded;

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[39m";
const BRIGHT: &str = "\u{1b}[22m";

/// What the tests of an app do: title and path.
const TITLES: [(&str, &str); 16] = [
    ("show the front page", "/"),
    ("sign in with a permitted account", "/auth"),
    ("refuse an account without permission", "/auth/denied"),
    ("list documents newest first", "/documents"),
    ("create a draft", "/documents/new"),
    ("save a draft without a title", "/documents/new"),
    ("publish a draft", "/documents/42/publish"),
    ("withdraw a published document", "/documents/42/withdraw"),
    ("search by title", "/search?q=passport"),
    ("search without results", "/search?q=zzzz"),
    ("follow the skip link", "/"),
    ("answer the health check", "/healthcheck/ready"),
    ("send security headers", "/"),
    ("download an attachment", "/attachments/7"),
    ("page through results", "/documents?page=2"),
    ("switch the language", "/cy"),
];

/// The line number of the failing test, which the log names in several places.
pub const BROKEN_LINE: usize = 41;

/// Every line of one attempt.
pub fn lines(
    application: &str,
    environment: &str,
    run: &str,
    attempt: usize,
    fails: bool,
) -> Vec<String> {
    let host = format!("https://{application}.{environment}.yard.example");
    let count = 44;
    let broken = 12;
    let mut out = vec![
        "yarn run v1.22.22".to_owned(),
        format!(
            "{DIM}$ playwright test --pass-with-no-tests --reporter=list --workers=4 --project=main --grep-invert=@not-{environment} --grep=@app-{application}{BRIGHT}"
        ),
        String::new(),
        format!("Running {count} tests using 4 workers"),
        String::new(),
    ];
    for number in 1..=count {
        let (title, path) = TITLES
            .get(number % TITLES.len())
            .copied()
            .unwrap_or(("show the front page", "/"));
        let chance = seeded(
            attempt as u64,
            &[run, application, title, &number.to_string()],
        );
        let title = if number == broken {
            "publish a draft"
        } else {
            title
        };
        let line = if number == broken {
            BROKEN_LINE
        } else {
            9 + number * 13 % 180
        };
        let place = format!(
            "[main] › tests/{application}.spec.js:{line}:3 › {application} › {title} @app-{application}"
        );
        out.push(format!("{DIM}  pw:api => page.goto({host}{path}){BRIGHT}"));
        out.push(format!(
            "{DIM}  pw:api navigated to \"{host}{path}\" ({} ms){BRIGHT}",
            80 + chance % 900
        ));
        for step in 0..2 + chance % 3 {
            let role = ["button", "link", "heading", "textbox", "row"]
                [(chance >> (8 * step)) as usize % 5];
            out.push(format!(
                "{DIM}  pw:api   waiting for getByRole('{role}'){BRIGHT}"
            ));
        }
        if fails && number == broken {
            out.push(format!(
                "{DIM}  pw:api   waiting for getByText('Published'){BRIGHT}"
            ));
            out.push(format!(
                "  {RED}✘{PLAIN}  {number:>2} {place} {DIM}(30.1s){BRIGHT}"
            ));
        } else {
            out.push(format!(
                "  {GREEN}✓{PLAIN}  {number:>2} {place} {DIM}({}.{}s){BRIGHT}",
                chance % 6,
                chance % 10
            ));
        }
    }
    out.push(String::new());
    if fails {
        out.extend(error(application, run, attempt));
        out.push(format!("  {RED}1 failed{PLAIN}"));
        out.push(format!("    [main] › tests/{application}.spec.js:{BROKEN_LINE}:3 › {application} › publish a draft @app-{application}"));
        out.push(format!(
            "  {GREEN}{} passed{PLAIN} {DIM}(58.2s){BRIGHT}",
            count - 1
        ));
        out.push("error Command failed with exit code 1.".to_owned());
    } else {
        out.push(format!(
            "  {GREEN}{count} passed{PLAIN} {DIM}(1.5m){BRIGHT}"
        ));
        out.push("Done in 95.31s.".to_owned());
    }
    out
}

fn error(application: &str, run: &str, attempt: usize) -> Vec<String> {
    let folder = format!(
        "test-results/{application}-publish-a-draft-main-{:06x}",
        seeded(attempt as u64, &[run]) % 0xff_ffff
    );
    [
        format!("  1) [main] › tests/{application}.spec.js:{BROKEN_LINE}:3 › {application} › publish a draft @app-{application} ─────────────"),
        String::new(),
        format!("    {RED}Error: expect(locator).toBeVisible() failed{PLAIN}"),
        String::new(),
        "    Locator:  getByText('Published')".to_owned(),
        "    Expected: visible".to_owned(),
        "    Received: <element(s) not found>".to_owned(),
        "    Timeout:  30000ms".to_owned(),
        String::new(),
        "    Call log:".to_owned(),
        format!("{DIM}      - Expect \"toBeVisible\" with timeout 30000ms{BRIGHT}"),
        format!("{DIM}      - waiting for getByText('Published'){BRIGHT}"),
        format!("{DIM}      - the page still says \"Publishing, this can take a moment\"{BRIGHT}"),
        String::new(),
        format!("      {} |     await page.getByRole('button', {{ name: 'Publish' }}).click();", BROKEN_LINE - 2),
        format!("      {} |     // the queue of the publishing API decides how long this takes", BROKEN_LINE - 1),
        format!("    {RED}>{PLAIN} {BROKEN_LINE} |     await expect(page.getByText('Published')).toBeVisible({{ timeout: 30_000 }});"),
        format!("         |                                               {RED}^{PLAIN}"),
        format!("      {} |   }});", BROKEN_LINE + 1),
        format!("        at tests/{application}.spec.js:{BROKEN_LINE}:47"),
        String::new(),
        "    attachment #1: screenshot (image/png) ──────────────────────────────────────────".to_owned(),
        format!("    {folder}/test-failed-1.png"),
        "    ────────────────────────────────────────────────────────────────────────────────".to_owned(),
        String::new(),
    ]
    .to_vec()
}
