"""Questions and answers 互动问答: what the public asks, what an editor answers and publishes, what is asked most.

In: questions from the portal, held until an editor publishes them with an answer. Out: published ones with search,
groups of questions about one thing. No name and no address of who asks is ever taken.
"""
