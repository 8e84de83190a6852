"""What the pages of all reports are made of: of a training, an export, a benchmark, the peers.

    base.html.jinja, style.css    the page around each report's own blocks, and how it looks: light, dark, narrow, printed
    render                        fills a template in
    drawing                       charts in the page's colours, and as PNG
    picture                       pictures inside a page
    words                         how numbers, labels and times are written

May import: `catdog.edge`; jinja2 and Matplotlib inside functions. Nothing else of this room: other rooms use it.
"""
