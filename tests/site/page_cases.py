"""What a crawl of any forum of HTML pages must give: one suite for all engines."""

from __future__ import annotations

from pathlib import Path

from crawler.sample.forum import SitePage
from tests.site.crawl import Crawled
from tests.site.html_boards import served
from tests.site.pages import crawl, serve
from tests.site.topics import Board, reply, sample

LINES = 'boards = [{ id = "7", name = "健康", region = "四川成都" }]\n'


class PageCases:
    """Subclass with the engine's name and where its posts are found."""

    engine: str
    last_page: str  # of thread 11, of 45 posts, seven a page
    address: str

    def crawl(self, folder: Path, board: Board, lines: str = LINES) -> Crawled:
        with serve(served(board)) as site:
            return crawl(folder, site, self.engine, lines)

    def test_reads_every_post_whatever_the_size_of_pages(self, tmp_path: Path) -> None:
        crawled = self.crawl(tmp_path, sample(self.engine))
        assert (crawled.run.outcome, len(crawled.posts)) == ("ok", 45 + 1 + 5)
        assert crawled.run.totals.listed == 7
        assert crawled.run.strange == {}

    def test_first_post_of_a_thread(self, tmp_path: Path) -> None:
        board = sample(self.engine)
        with serve(served(board)) as site:
            crawled = crawl(tmp_path, site, self.engine, LINES)
            url = site.url
        post = crawled.post("t11")
        assert (post.title, post.text) == ("陪妈妈看膝盖的经过", "妈妈膝盖疼，武侯区哪里看？")
        assert post.published_at.replace(second=0) == board.threads[0].posts[0].at.replace(second=0)
        assert (post.thread_id, post.floor, post.query, post.replies) == ("11", 1, "健康", 44)
        assert [hint.text for hint in post.place_hints] == ["四川成都"]
        assert post.url == url + self.address
        assert len(post.author_key) == 22

    def test_replies_have_their_own_words_only(self, tmp_path: Path) -> None:
        crawled = self.crawl(tmp_path, sample(self.engine))
        post = crawled.post("p9002")
        assert (post.text, post.title) == ("第 2 层，牙龈\n有点肿", "")
        assert not [each for each in crawled.posts if "别人的话" in each.text or "签名" in each.text]
        assert not [each for each in crawled.posts if "编辑" in each.text]
        assert "网友" not in repr(crawled.posts)

    def test_a_reply_costs_lists_and_the_last_page(self, tmp_path: Path) -> None:
        board = sample(self.engine)
        with serve(served(board)) as site:
            crawl(tmp_path, site, self.engine, LINES)
            reply(board, 11)
            second = crawl(tmp_path, site, self.engine, LINES)
        threads = [path for path in second.paths if "?t=" in path or "?tid=" in path]
        assert threads == [self.last_page]
        assert second.run.totals.posts_new == 1

    def test_deletions_hide_nothing(self, tmp_path: Path) -> None:
        board = sample(self.engine)
        with serve(served(board)) as site:
            crawl(tmp_path, site, self.engine, LINES)
            del board.threads[0].posts[10:40]
            reply(board, 11)
            second = crawl(tmp_path, site, self.engine, LINES)
        assert "新的一层" in [post.text for post in second.posts]

    def test_every_board_is_told_as_read_refused_or_empty_as_it_is(self, tmp_path: Path) -> None:
        crawled = self.crawl(tmp_path, sample(self.engine), 'boards = ["8", "7", "9"]\n')
        assert (crawled.run.outcome, len(crawled.posts)) == ("ok", 51)
        outcomes = {group: came.outcome for group, came in crawled.run.lists.items()}
        assert outcomes == {"board:8": "refused", "board:7": "ok", "board:9": "empty"}
        assert "权限" in crawled.run.lists["board:8"].reason

    def test_a_page_of_another_shape_is_loud(self, tmp_path: Path) -> None:
        page = SitePage(body=b"<html><title>x</title><body><div class='new'>y</div></body></html>")
        with serve(lambda asked: page) as site:
            crawled = crawl(tmp_path, site, self.engine, LINES)
        assert crawled.run.outcome == "failed"
