# The files of the status page, as they are served: each at /NAME, index.html at / as well.
set(tidegate_page_files
    command.js
    dom.js
    icon.svg
    index.html
    link.js
    page.css
    page.js
    panels.js
    plot.js
    values.js
    verdict.js
    words.js)
